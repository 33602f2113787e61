/** `spec.config` of module.yaml; durations as text. */
export interface AuditConfig {
  readonly sealEvery: string;
  readonly batchSize: number;
  readonly partitionsAhead: number;
  /** 32 bytes in base64url. */
  readonly signingKey?: string;
  /** Public keys, 32 bytes in base64url each. */
  readonly formerKeys?: readonly string[];
  readonly checkpointFolder?: string;
}
