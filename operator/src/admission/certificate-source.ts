import type { KeyPair } from "./authority.ts";

/** What the webhook serves with, and what callers must trust to believe it. */
export interface ServedCertificate {
  readonly serving: KeyPair;
  /** PEM; absent where somebody else tells the API server whom to trust. */
  readonly authorities?: string;
}

/** Where the webhook's certificate comes from. */
export interface CertificateSource {
  /** Resolves once there is one; from then on `onChange` is told of each other one, until the signal aborts. */
  start(onChange: (certificate: ServedCertificate) => void, signal: AbortSignal): Promise<ServedCertificate>;
}
