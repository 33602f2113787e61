import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { AUDIT_MODULE, type Module } from "@plinth/module";
import { localFolders } from "../local/local-place.ts";
import { findModule } from "../local/module-databases.ts";
import { readModules } from "../local/read-modules.ts";
import { withPostgres } from "../local/with-postgres.ts";
import { print, printJson } from "../output/print-list.ts";
import { styled } from "../output/style.ts";
import { findProject } from "../project.ts";
import { UsageError } from "../usage-error.ts";

export interface VerifyAuditOptions {
  readonly key?: string[];
  readonly checkpoints?: string;
  readonly tenant?: string[];
  readonly json?: boolean;
}

/** What the audit module's verifier finds in one tenant's record. */
interface TenantReport {
  readonly tenantId: string;
  readonly problems: readonly { readonly kind: string; readonly sequence: number; readonly entryId: string; readonly message: string }[];
  readonly entriesChecked: number;
  readonly checkpointsChecked: number;
}

/** What the audit module exports for this command. */
interface Verifier {
  verifyTrail(options: {
    databaseUrl: string;
    publicKeys: readonly Uint8Array[];
    checkpointFile?: string | undefined;
    tenants?: readonly string[] | undefined;
  }): Promise<{ valid: boolean; tenants: readonly TenantReport[]; witnessed: boolean; unreadableLines: number }>;
  publicKeyOf(signingKey: string): Uint8Array;
}

const KEY_BYTES = 32;
const CHECKPOINT_FILE = "checkpoints.ndjson";

/** Recomputes the audit record from its rows and compares it with what was signed; the audit module itself is not asked. */
export async function verifyAudit({ key = [], checkpoints, tenant, json }: VerifyAuditOptions): Promise<void> {
  const project = findProject();
  const read = readModules(project);
  const module = findModule(read.all, AUDIT_MODULE);
  const verifier = await loadVerifier(read.folderOf(module));
  const publicKeys = key.length > 0 ? key.map(decodeKey) : knownKeys(module, localFolders(project.dataFolder).secrets, verifier);
  const checkpointFile = checkpoints ?? configuredCheckpoints(module, project.dataFolder);
  if (checkpoints !== undefined && !existsSync(checkpoints))
    throw new UsageError(`There is no ${checkpoints}. --checkpoints names a ${CHECKPOINT_FILE}.`);
  const report = await withPostgres(project, (databaseUrl) =>
    verifier.verifyTrail({ databaseUrl, publicKeys, checkpointFile, tenants: tenant }),
  );
  if (!report.valid) process.exitCode = 1;
  if (json) {
    printJson(report);
    return;
  }
  for (const { tenantId, problems, entriesChecked, checkpointsChecked } of report.tenants) {
    const checked = `${entriesChecked} entries against ${checkpointsChecked} signed checkpoints`;
    print(
      problems.length === 0
        ? `${styled("green", "intact")}   ${tenantId}: ${checked}`
        : `${styled("red", "tampered")} ${tenantId}: ${checked}`,
    );
    for (const { kind, sequence, entryId, message } of problems)
      print(`      ${kind} at ${sequence}${entryId === "" ? "" : ` (${entryId})`}: ${message}`);
  }
  if (report.unreadableLines > 0) print(`${report.unreadableLines} lines of ${checkpointFile} are no checkpoints.`);
  if (report.tenants.length === 0) print("The record is empty.");
  if (!report.witnessed)
    print("Compared with the database's own checkpoints only: without a file of checkpoints the loss of whole tables does not show.");
}

async function loadVerifier(folder: string): Promise<Verifier> {
  const file = join(folder, "src", "verify-trail.ts");
  if (!existsSync(file))
    throw new Error(
      `Module ${AUDIT_MODULE} in ${folder} brings no src/verify-trail.ts, so this version of it cannot be verified from here.`,
    );
  const { verifyTrail, publicKeyOf } = (await import(pathToFileURL(file).href)) as Partial<Verifier>;
  if (typeof verifyTrail !== "function" || typeof publicKeyOf !== "function")
    throw new Error(`${file} does not export verifyTrail and publicKeyOf.`);
  return { verifyTrail, publicKeyOf };
}

/** The key that signs now, and those before it that the module's file names. */
function knownKeys({ spec }: Module, secrets: string, verifier: Verifier): Uint8Array[] {
  const file = join(secrets, "AUDIT_SIGNING_KEY");
  const secret = process.env.AUDIT_SIGNING_KEY ?? (existsSync(file) ? readFileSync(file, "utf8").trim() : undefined);
  if (secret === undefined)
    throw new Error(`No key to verify with: ${file} is missing. Give the public key: plinth audit verify --key <base64url>`);
  const former: unknown = spec.config?.formerKeys;
  return [verifier.publicKeyOf(secret), ...(Array.isArray(former) ? former.map((key) => decodeKey(String(key))) : [])];
}

function decodeKey(text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.length !== KEY_BYTES) throw new UsageError(`${text} is no public key: ${KEY_BYTES} bytes in base64url are.`);
  return bytes;
}

function configuredCheckpoints({ spec }: Module, dataFolder: string): string | undefined {
  const folder: unknown = spec.config?.checkpointFolder;
  return typeof folder === "string" ? join(dataFolder, folder, CHECKPOINT_FILE) : undefined;
}
