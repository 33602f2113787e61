import type { Duplex } from "node:stream";

/** What an exchange needs to become a tunnel. */
export interface Upgrade {
  /** `websocket`, as the client wrote it. */
  readonly protocol: string;
  connect(headers: readonly string[], upstream: Duplex): void;
}
