import { randomUUID } from "node:crypto";

/** Longer ones, or ones with other signs, are not taken over: they end up in logs and headers. */
const SANE = /^[\w.:-]{1,128}$/;

/** The client's own id where it is fit to be repeated, else a new one. */
export function requestIdOf(given: string | undefined): string {
  return given !== undefined && SANE.test(given) ? given : randomUUID();
}
