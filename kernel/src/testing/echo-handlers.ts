import { create } from "@bufbuild/protobuf";
import { type EchoService, NoteSchema } from "@plinth/proto/testing/v1/echo_pb";
import { type ErrorCode, PlinthError } from "../base/errors.ts";
import type { CallContext, Handlers } from "../rpc/handlers.ts";

/** What the echo service has seen and may wait for; tests look into it and steer by it. */
export interface EchoProbe {
  readonly contexts: CallContext[];
  /** Runs inside PublishNote before it answers. */
  beforePublish: (context: CallContext) => Promise<void> | void;
  /** Runs inside Count before each message but the first. */
  betweenCounts: (context: CallContext) => Promise<void> | void;
  /** How often CreateNote has had its effect. */
  created: number;
  /** How many Count streams are open. */
  counting: number;
}

export function createEchoProbe(): EchoProbe {
  return { contexts: [], beforePublish: () => undefined, betweenCounts: () => undefined, created: 0, counting: 0 };
}

/** The handlers of `plinth.testing.v1.EchoService`. */
export function echoHandlers(probe: EchoProbe): Handlers<typeof EchoService> {
  return {
    echo: (request) => ({ message: request.message.repeat(Math.max(1, request.repeat)) }),
    echoRaw: (request) => ({ payload: request.payload }),
    getNote: async (request, context) => {
      probe.contexts.push(context);
      return { id: request.name, title: `by ${context.user?.email ?? "nobody"} of ${context.tenantId} through ${context.caller ?? "?"}` };
    },
    listNotes: (request) => ({ asked: request }),
    createNote: async (request, context) => {
      probe.created++;
      context.restStatus = 201;
      context.responseHeaders.set("x-created", String(probe.created));
      const note = request.note ?? create(NoteSchema);
      note.id = `${request.shelf}-${probe.created}`;
      return { note };
    },
    publishNote: async (request, context) => {
      probe.contexts.push(context);
      await probe.beforePublish(context);
      return { id: request.id, title: request.reason };
    },
    count: async function* (request, context) {
      probe.contexts.push(context);
      probe.counting++;
      try {
        for (let value = 1; value <= request.to; value++) {
          if (value === request.failAt) throw new PlinthError("CONFLICT", "Told to fail here.", { reason: "FAIL_AT" });
          yield { value };
          await probe.betweenCounts(context);
        }
      } finally {
        probe.counting--;
      }
    },
    weigh: ({ file, gross }) => ({ contentType: file?.contentType ?? "", data: file?.data ?? new Uint8Array(), gross }),
    fail: (request) => {
      if (request.code === "crash") throw new Error("secret: hunter2");
      throw new PlinthError(request.code as ErrorCode, `Failed with secret-ish ${request.code}.`, {
        reason: "TOLD_TO_FAIL",
        metadata: { asked: request.code },
        fieldErrors: request.code === "VALIDATION_ERROR" ? { code: "is asked for" } : {},
        ...(request.code === "RATE_LIMITED" ? { retryAfterSeconds: 7 } : {}),
      });
    },
  };
}

/** A handler's wait that only the end of its call ends. */
export function untilAborted({ signal }: CallContext): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
