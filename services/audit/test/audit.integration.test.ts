import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually, type ServiceHarness, startHarness } from "@plinth/kernel/testing";
import { type AuditEntrySchema, AuditService, ExportFormat, Outcome, VerifyProblem_Kind } from "@plinth/proto/audit/v1/audit_pb";
import { Client } from "pg";
import { verifyConsistency, verifyInclusion } from "../src/domain/merkle-proof.ts";
import { leafHash } from "../src/domain/merkle-tree.ts";
import { createKnownKeys } from "../src/domain/signing-key.ts";
import audit from "../src/index.ts";
import { publicKeyOf } from "../src/verify-trail.ts";

const SIGNING_KEY = Buffer.alloc(32, "audit").toString("base64url");

let harness: ServiceHarness;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plinth-audit-"));
  harness = await startHarness({
    services: [audit],
    env: { AUDIT_SIGNING_KEY: SIGNING_KEY, AUDIT_SEAL_EVERY: "20ms", AUDIT_BATCH_SIZE: "7", AUDIT_CHECKPOINT_FOLDER: folder },
    calls: [{ from: "blog", to: "audit", methods: [`${AuditService.typeName}/Record`, `${AuditService.typeName}/RecordBatch`] }],
  });
});
afterAll(async () => {
  await harness.stop();
  await rm(folder, { recursive: true, force: true });
});

const as = (tenantId: string) => harness.client("audit", AuditService, { user: { id: "user_ada", tenantId } });
const recorder = (tenantId = "default") => harness.client("audit", AuditService, { module: "blog", tenantId });

let counter = 0;
const anEntry = (entry: MessageInitShape<typeof AuditEntrySchema> = {}) => ({
  id: `aud_${String(++counter).padStart(6, "0")}`,
  action: "post.updated",
  resource: "post",
  resourceId: "post_1",
  outcome: Outcome.SUCCESS,
  ...entry,
});
const at = (time: string) => timestampFromDate(new Date(time));

/** The first checkpoint with so many entries. */
function sealed(tenantId: string, size: number) {
  return eventually(
    () => as(tenantId).getCheckpoint({}),
    ({ treeSize }) => treeSize >= BigInt(size),
  );
}

describe("recording", () => {
  test("the same id is recorded once, and the module is the one that called", async () => {
    const entry = anEntry({ userId: "user_1", module: "somebody-else", metadata: { title: "A \0 and \u{1F600}" } });
    await expect(recorder("once").record({ entry })).resolves.toMatchObject({ success: true, id: entry.id });
    await recorder("once").record({ entry: { ...entry, action: "post.deleted" } });
    await recorder("once").recordBatch({ entries: [entry, entry, anEntry()] });
    const { entries, total } = await as("once").query({});
    expect(total).toBe(2);
    expect(entries.find(({ id }) => id === entry.id)).toMatchObject({
      action: "post.updated",
      module: "blog",
      tenantId: "once",
      metadata: { title: "A \uFFFD and \u{1F600}" },
    });
  });

  test("an entry without id and time gets both", async () => {
    const { id } = await recorder("blank").record({ entry: { ...anEntry(), id: "" } });
    expect(id).toMatch(/^aud_/);
    const { entries } = await as("blank").query({});
    expect(entries[0]).toMatchObject({ id, timestamp: entries[0]?.recordedAt });
  });

  test("a batch is stored whole or not at all", async () => {
    const tooEarly = { seconds: -99_999_999_999_999n, nanos: 0 };
    const batch = recorder("whole").recordBatch({ entries: [anEntry(), anEntry({ timestamp: tooEarly })] });
    await expect(batch).rejects.toMatchObject({ code: "VALIDATION_ERROR", fieldErrors: { "entries[1].timestamp": expect.any(String) } });
    await expect(as("whole").query({})).resolves.toMatchObject({ total: 0 });
  });

  test("an entry may name another tenant than the call's", async () => {
    await recorder("here").record({ entry: anEntry({ tenantId: "there" }) });
    await expect(as("here").query({})).resolves.toMatchObject({ total: 0 });
    await expect(as("there").query({})).resolves.toMatchObject({ total: 1 });
  });
});

describe("questions", () => {
  beforeAll(async () => {
    await recorder("asked").recordBatch({
      entries: [
        anEntry({
          id: "q1",
          userId: "ann",
          action: "auth.login",
          resource: "session",
          resourceId: "s1",
          timestamp: at("2026-01-01T00:00:00Z"),
        }),
        anEntry({
          id: "q2",
          userId: "ann",
          action: "auth.logout",
          resource: "session",
          resourceId: "s1",
          timestamp: at("2026-01-02T00:00:00Z"),
        }),
        anEntry({
          id: "q3",
          userId: "bob",
          action: "auth.login",
          resource: "session",
          resourceId: "s2",
          timestamp: at("2026-01-03T00:00:00Z"),
          outcome: Outcome.DENIED,
        }),
        anEntry({
          id: "q4",
          userId: "bob",
          action: "authz.role.assigned",
          resource: "role",
          resourceId: "r1",
          timestamp: at("2026-01-04T00:00:00Z"),
        }),
        anEntry({
          id: "q5",
          userId: "",
          action: "post.deleted",
          resource: "post",
          resourceId: "=HYPERLINK(1)",
          timestamp: at("2026-01-05T00:00:00Z"),
        }),
      ],
    });
  });

  test.each<[string, Parameters<ReturnType<typeof as>["query"]>[0], string[]]>([
    ["everything, newest first", {}, ["q5", "q4", "q3", "q2", "q1"]],
    ["a user", { userId: "ann" }, ["q2", "q1"]],
    ["an action", { action: "auth.login" }, ["q3", "q1"]],
    ["actions by prefix", { action: "auth.*" }, ["q3", "q2", "q1"]],
    ["a resource", { resource: "session", resourceId: "s1" }, ["q2", "q1"]],
    ["an outcome", { outcome: Outcome.DENIED }, ["q3"]],
    [
      "a time, from the first moment up to the last",
      { startTime: at("2026-01-02T00:00:00Z"), endTime: at("2026-01-04T00:00:00Z") },
      ["q3", "q2"],
    ],
    ["several conditions", { userId: "bob", action: "auth*", endTime: at("2026-01-04T00:00:00Z") }, ["q3"]],
    ["a place in the list", { limit: 2, offset: 1 }, ["q4", "q3"]],
    ["a star alone", { action: "*", limit: 1 }, ["q5"]],
    ["text that means something to SQL", { action: "auth%" }, []],
  ])("by %s", async (_name, query, ids) => {
    const { entries } = await as("asked").query(query);
    expect(entries.map(({ id }) => id)).toEqual(ids);
  });

  test("leaf through all, with the total, and refuse a token of another question", async () => {
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await as("asked").query({ limit: 2, pageToken });
      expect(page.total).toBe(5);
      seen.push(...page.entries.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toEqual(["q5", "q4", "q3", "q2", "q1"]);
    const { nextPageToken } = await as("asked").query({ limit: 1 });
    await expect(as("asked").query({ userId: "ann", pageToken: nextPageToken })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    await expect(as("asked").query({ offset: 1, pageToken: nextPageToken })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
  });

  test("of another tenant are refused: who may ask is not known here", async () => {
    await expect(as("other").query({})).resolves.toMatchObject({ total: 0 });
    await expect(harness.client("audit", AuditService, { tenantId: "other" }).query({ tenantId: "asked" })).rejects.toMatchObject({
      code: "FORBIDDEN",
      metadata: { permission: "audit.tenant.read" },
    });
  });

  test.each([
    [ExportFormat.CSV, "csv", "text/csv"],
    [ExportFormat.NDJSON, "ndjson", "application/x-ndjson"],
  ])("are exported as a file, format %s", async (format, extension, type) => {
    const response = await fetch(`${harness.httpUrl("audit")}/api/v1/audit/entries:export?format=${format}&end_time=2026-01-06T00:00:00Z`, {
      headers: { "x-service-token": await harness.serviceToken("gateway", "audit"), "x-tenant-id": "asked" },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain(type);
    expect(response.headers.get("content-disposition")).toMatch(new RegExp(`^attachment; filename="audit-asked-.*\\.${extension}"$`));
    const lines = (await response.text()).trimEnd().split(/\r?\n/);
    if (format === ExportFormat.CSV) {
      expect(lines[0]).toMatch(/^sequence,id,timestamp,/);
      expect(lines[5]).toContain("'=HYPERLINK(1)");
      expect(lines.slice(1).map((line) => line.split(",")[1])).toEqual(["q1", "q2", "q3", "q4", "q5"]);
    } else {
      expect(lines.map((line) => JSON.parse(line).id)).toEqual(["q1", "q2", "q3", "q4", "q5"]);
      expect(JSON.parse(lines[2] ?? "")).toMatchObject({ user_id: "bob", outcome: "OUTCOME_DENIED", timestamp: "2026-01-03T00:00:00Z" });
    }
  });
});

test("who exports is on record too, by way of outbox and bus", async () => {
  const user = { id: "user_eve", tenantId: "exported" };
  const authorization = `Bearer ${harness.userToken(user)}`;
  const response = await fetch(`${harness.httpUrl("audit")}/api/v1/audit/entries:export`, {
    headers: { "x-service-token": await harness.serviceToken("gateway", "audit"), authorization },
  });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
  const { entries } = await eventually(
    () => harness.client("audit", AuditService, { user }).query({}),
    (page) => page.entries.length > 0,
  );
  expect(entries).toMatchObject([
    { action: "audit.entry.export", userId: "user_eve", resourceId: "exported", module: "audit", outcome: Outcome.SUCCESS },
  ]);
});

describe("the tree", () => {
  test("takes entries in, signs its root, and proves each entry and each growth", async () => {
    for (let batch = 0; batch < 3; batch++) await recorder("tree").recordBatch({ entries: Array.from({ length: 100 }, () => anEntry()) });
    const newest = await sealed("tree", 300);
    expect(newest).toMatchObject({ origin: "plinth/tree", treeSize: 300n });
    const keys = createKnownKeys([publicKeyOf(SIGNING_KEY)]);
    expect(keys.verify(newest.keyId, newest.note, newest.signature)).toBe(true);
    expect(newest.note.split("\n").slice(0, 3)).toEqual(["plinth/tree", "300", Buffer.from(newest.rootHash).toString("base64")]);

    const { entries } = await as("tree").query({ limit: 300 });
    expect(entries.map(({ sequence }) => Number(sequence)).sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, index) => index));
    const root = Buffer.from(newest.rootHash);
    for (const { id, sequence } of entries.filter((_, index) => index % 37 === 0)) {
      const proof = await as("tree").inclusionProof({ entryId: id });
      expect(proof.sequence).toBe(sequence);
      expect(JSON.parse(Buffer.from(proof.leaf).toString())).toMatchObject({ id, sequence: Number(sequence), tenant_id: "tree" });
      const hashes = proof.hashes.map((hash) => Buffer.from(hash));
      expect(verifyInclusion(leafHash(proof.leaf), Number(sequence), 300, hashes, root)).toBe(true);
    }

    const { first, second, hashes } = await as("tree").consistencyProof({ firstSize: 7n });
    const tree = (checkpoint: typeof first) => ({ size: Number(checkpoint?.treeSize), root: Buffer.from(checkpoint?.rootHash ?? []) });
    expect(
      verifyConsistency(
        tree(first),
        tree(second),
        hashes.map((hash) => Buffer.from(hash)),
      ),
    ).toBe(true);
    await expect(as("tree").verify({})).resolves.toMatchObject({
      valid: true,
      entriesChecked: 300n,
      problems: [],
      checkpoint: { treeSize: 300n },
    });
    await expect(as("tree").verify({ fromSequence: 10n, toSequence: 20n })).resolves.toMatchObject({ valid: true, problems: [] });
  });

  test("says what it cannot prove", async () => {
    await recorder("few").record({ entry: anEntry({ id: "only" }) });
    await sealed("few", 1);
    await expect(as("few").inclusionProof({ entryId: "none" })).rejects.toMatchObject({ reason: "ENTRY_NOT_FOUND" });
    await expect(as("few").getCheckpoint({ treeSize: 5n })).rejects.toMatchObject({ reason: "CHECKPOINT_NOT_FOUND" });
    await expect(as("few").consistencyProof({ firstSize: 2n })).rejects.toMatchObject({ code: "BAD_REQUEST" });
    await recorder("few").record({ entry: anEntry({ id: "second" }) });
    await sealed("few", 2);
    await expect(as("few").inclusionProof({ entryId: "second", treeSize: 1n })).rejects.toMatchObject({ reason: "NOT_SEALED" });
    await expect(as("nobody").verify({})).resolves.toMatchObject({ valid: true, entriesChecked: 0n });
  });

  test("says by name what somebody with all rights over the database has done, also where only the file still knows", async () => {
    const entries = Array.from({ length: 14 }, () => anEntry());
    await recorder("victim").recordBatch({ entries });
    await sealed("victim", 14);
    const admin = new Client({ connectionString: harness.adminUrl, options: "-c search_path=audit -c session_replication_role=replica" });
    await admin.connect();
    try {
      await admin.query("update entries set user_id = 'user_x' where tenant_id = 'victim' and id = $1", [entries[9]?.id]);
      const edited = await as("victim").verify({});
      expect(edited).toMatchObject({ valid: false, checkpoint: { treeSize: 7n } });
      expect(edited.problems).toMatchObject([{ kind: VerifyProblem_Kind.ENTRY_CHANGED, sequence: 9n, entryId: entries[9]?.id }]);

      expect(await readFile(join(folder, "checkpoints.ndjson"), "utf8")).toContain('"note":"plinth/victim\\n14\\n');
      for (const table of ["entries", "entry_ids", "leaves", "checkpoints"])
        await admin.query(`delete from ${table} where tenant_id = 'victim'`);
      const wiped = await as("victim").verify({});
      expect(wiped.valid).toBe(false);
      expect(wiped.problems[0]).toMatchObject({ kind: VerifyProblem_Kind.CHECKPOINT_MISSING, sequence: 0n });
    } finally {
      await admin.end();
    }
  });
});
