export type { CallContext, Handlers, ServerStreamHandler, UnaryHandler } from "./handlers.ts";
export { IDEMPOTENCY_TABLE_SQL } from "./idempotency-store.ts";
