import type { SecretSource } from "../config/secret-source.ts";

/** Secret values by name, from one or more places. Values are never part of a message. */
export interface Secrets extends SecretSource {
  /** The value; throws an error that names the secret and says how to give it. */
  require(name: string): string;
  /** Stops following changes. */
  close(): void;
}
