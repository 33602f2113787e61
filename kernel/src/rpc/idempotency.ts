import { createHash } from "node:crypto";
import { type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { badRequest, conflict, type ErrorCode, PlinthError, validation } from "../base/errors.ts";
import type { SqlRunner } from "../base/request-context.ts";
import { HTTP_STATUS } from "../http/envelope.ts";
import type { Logger } from "../logging/logger.ts";
import { decodeStatusDetails, encodeStatusDetails, GRPC_STATUS } from "../status/status-details.ts";
import type { Call } from "./call.ts";
import { hasSecrets, withoutSecrets } from "./secret-fields.ts";

/** The first answer to a key: a message, or the error that was it. Both as protobuf bytes. */
export interface KeptAnswer {
  readonly kind: "message" | "error";
  readonly bytes: Uint8Array;
  readonly restStatus: number;
}

export type BeginResult =
  | { readonly kind: "started"; readonly owner: string }
  | { readonly kind: "replay"; readonly answer: KeptAnswer }
  | { readonly kind: "in-progress" }
  /** It was done, and whoever did it died before the answer could be kept. */
  | { readonly kind: "lost" }
  /** The key was used for another request. */
  | { readonly kind: "reused" };

/**
 * Remembers the first answer of each key for 24 hours. A key that was begun and never completed is free again after its lease, unless
 * something was done under it.
 */
export interface IdempotencyStore {
  /** `scope` is tenant, holder and method; `fingerprint` tells whether it is the same request again. */
  begin(scope: string, key: string, fingerprint: Uint8Array, leaseMs: number): Promise<BeginResult>;
  /** Notes, in a transaction of the work, that it does something. Throws where the key has another owner by now: the work came too late. */
  mark(tx: SqlRunner, scope: string, key: string, owner: string): Promise<void>;
  complete(scope: string, key: string, owner: string, answer: KeptAnswer): Promise<void>;
  /** Frees the key, unless something was done under it: the work failed in a way that is worth another try. */
  release(scope: string, key: string, owner: string): Promise<void>;
}

export const IDEMPOTENCY_KEY_HEADER = "idempotency-key";
export const REPLAYED_HEADER = "idempotency-replayed";

/** Visible ASCII: what a UUID, a ULID or a shop's order number needs. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** How long a duplicate waits for the first of its kind before it is sent away. */
const WAIT_MS = 2000;
const POLL_MS = 50;

/** Beyond the deadline of the call: the time its last writes may need. */
const LEASE_SLACK_MS = 10_000;
const LEASE_WITHOUT_DEADLINE_MS = 60_000;

/** Refusals that a later try may well not meet; they are not kept, and neither is any 5xx. */
const NOT_KEPT: ReadonlySet<string> = new Set(["UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED"]);

/** Whether an error is the answer that its key brings again; else the request may be sent once more under the same key. */
export function isKeptAnswer(code: ErrorCode): boolean {
  return HTTP_STATUS[code] < 500 && !NOT_KEPT.has(code);
}

/** Methods without side effects need no key. One that answers with secrets takes none: they would lie in the table for a day. */
export function takesKeys(method: DescMethod): boolean {
  return method.methodKind === "unary" && method.idempotency !== Level.NO_SIDE_EFFECTS && !hasSecrets(method.output);
}

/** The call's key, if it has one. Throws BAD_REQUEST for one that cannot be kept. */
export function keyOf(call: Call): string | undefined {
  const key = call.header(IDEMPOTENCY_KEY_HEADER);
  if (key === undefined || KEY.test(key)) return key;
  throw badRequest("The Idempotency-Key must be 1 to 255 visible ASCII characters.", { reason: "INVALID_IDEMPOTENCY_KEY" });
}

/** Does `work` once per key; another call with the same key and request gets the first one's answer. */
export async function once(
  store: IdempotencyStore,
  logger: Logger,
  call: Call,
  { key, holder }: { readonly key: string; readonly holder: string },
  request: Message,
  work: () => Promise<Message>,
): Promise<Message> {
  const { method } = call;
  const scope = `${call.tenantId}|${holder}|${method.parent.typeName}/${method.name}`;
  // Passwords stay out of it: a plain hash of one would be easy to guess from.
  const fingerprint = createHash("sha256")
    .update(toBinary(method.input, withoutSecrets(method.input, request)))
    .digest();
  const started = await beginOrWait(store, call, scope, key, fingerprint);
  if (started.kind === "replay") {
    call.responseHeaders.set(REPLAYED_HEADER, "true");
    return replay(call, started.answer);
  }
  const { owner } = started;
  let answer: Message;
  call.beforeEachCommit = (tx) => store.mark(tx, scope, key, owner);
  try {
    answer = await work().finally(() => {
      call.beforeEachCommit = undefined;
    });
  } catch (thrown) {
    const error = PlinthError.from(thrown);
    await settle(
      logger,
      isKeptAnswer(error.code)
        ? store.complete(scope, key, owner, { kind: "error", bytes: encodeStatusDetails(error), restStatus: HTTP_STATUS[error.code] })
        : store.release(scope, key, owner),
    );
    throw error;
  }
  const kept: KeptAnswer = { kind: "message", bytes: toBinary(method.output, answer), restStatus: call.restStatus };
  await settle(logger, store.complete(scope, key, owner, kept));
  return answer;
}

/** The work is done, for good or ill: a store that is away now must not change its answer. The lease ends the key. */
async function settle(logger: Logger, writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    logger.error("idempotency answer not kept", { error });
  }
}

async function beginOrWait(store: IdempotencyStore, call: Call, scope: string, key: string, fingerprint: Uint8Array) {
  const leaseMs = call.deadline === undefined ? LEASE_WITHOUT_DEADLINE_MS : Math.max(0, call.deadline - Date.now()) + LEASE_SLACK_MS;
  const giveUpAt = performance.now() + WAIT_MS;
  for (;;) {
    const result = await store.begin(scope, key, fingerprint, leaseMs);
    if (result.kind === "started" || result.kind === "replay") return result;
    if (result.kind === "reused") {
      throw validation(
        { "Idempotency-Key": "was used for another request; take a new key for a new request" },
        { reason: "IDEMPOTENCY_CONFLICT" },
      );
    }
    if (result.kind === "lost") {
      throw conflict("A request with this Idempotency-Key was done, but its answer is lost. Look for what it has made.", {
        reason: "IDEMPOTENCY_ANSWER_LOST",
      });
    }
    if (performance.now() >= giveUpAt) {
      throw conflict("A request with this Idempotency-Key is still being worked on.", {
        reason: "IDEMPOTENCY_IN_PROGRESS",
        retryAfterSeconds: 1,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    if (call.abortedBy !== undefined) throw call.abortedBy;
  }
}

function replay(call: Call, answer: KeptAnswer): Message {
  if (answer.kind === "error") throw decodeStatusDetails(answer.bytes, GRPC_STATUS.CONFLICT, "");
  call.restStatus = answer.restStatus;
  return fromBinary(call.method.output, answer.bytes);
}
