import { LONGEST_TIMER_MS } from "@plinth/kernel/base";

/** Milliseconds of a `grpc-timeout` (`250m`, `2S`) or `connect-timeout-ms` header; undefined where there is none or it is broken. */
export function clientTimeoutMs(grpcTimeout: string | undefined, connectTimeout: string | undefined): number | undefined {
  if (grpcTimeout !== undefined) {
    const match = /^(\d{1,8})([HMSmun])$/.exec(grpcTimeout);
    return match === null ? undefined : Math.max(1, Math.ceil(Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]));
  }
  if (connectTimeout === undefined || !/^\d{1,10}$/.test(connectTimeout)) return undefined;
  return Math.max(1, Number(connectTimeout));
}

const UNIT_MS = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 };

/**
 * How long a module may take to answer; 0 for no bound. A stream of answers may last: only its client bounds it. A client may shorten a
 * route's time, never lengthen it.
 */
export function deadlineMs(routeMs: number, clientMs: number | undefined, streaming: boolean): number {
  if (streaming) return clientMs === undefined ? 0 : Math.min(clientMs, LONGEST_TIMER_MS);
  return Math.min(clientMs ?? routeMs, routeMs, LONGEST_TIMER_MS);
}

/**
 * Whether a deadline that passes says nothing about the module, because its client gave it little time: else anybody could make a module
 * look broken, by calls that nobody could answer in time.
 */
export function isImpatient(routeMs: number, clientMs: number | undefined): boolean {
  return clientMs !== undefined && clientMs < routeMs / 2;
}
