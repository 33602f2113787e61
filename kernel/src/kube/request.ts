import type { Query } from "./resource-path.ts";

/** Reads a body as it comes. */
export interface BodyReader<T> {
  push(chunk: Buffer): void;
  /** What came of it, once all is there. Throws when that is no whole body. */
  end(): T;
}

/** One request of the API server. */
export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** By `resourcePath`. */
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  /** `application/json` unless said otherwise. */
  readonly contentType?: string;
  readonly accept?: string;
  /** For all tries together; 30 s unless said otherwise. */
  readonly deadlineMs?: number;
  /**
   * Whether the request may be done twice, when nobody knows whether it was done once. By default all but POST and JSON patches. One that was
   * certainly not done is tried again in any case but false.
   */
  readonly retry?: boolean;
  readonly signal?: AbortSignal;
  /** Reads the body of a good answer in JSON instead of parsing it whole; a new one for each try. */
  readonly read?: () => BodyReader<unknown>;
}
