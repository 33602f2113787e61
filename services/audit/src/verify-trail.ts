import { Client, escapeIdentifier } from "pg";
import { createCheckpointSigner, createKnownKeys } from "./domain/signing-key.ts";
import { type TenantReport, verifyTenant } from "./domain/verify-tenant.ts";
import { readCheckpointFile } from "./sealing/checkpoint-file.ts";
import { TrailRows } from "./store/trail-rows.ts";

export interface VerifyTrailOptions {
  /** Connects as superuser or as the module: whoever may read the record's tables. */
  readonly databaseUrl: string;
  /** The module's schema; `audit` unless said. */
  readonly schema?: string;
  /** Ed25519 public keys, 32 bytes each, that the verifier trusts. */
  readonly publicKeys: readonly Uint8Array[];
  /** `checkpoints.ndjson` outside the database; one that is not there is passed over. */
  readonly checkpointFile?: string | undefined;
  /** All tenants where undefined. */
  readonly tenants?: readonly string[] | undefined;
  /** Called after each tenant. */
  readonly onTenant?: (report: TenantReport) => void;
}

export interface TrailReport {
  readonly valid: boolean;
  readonly tenants: readonly TenantReport[];
  /** Checkpoints from the file were compared with. */
  readonly witnessed: boolean;
  /** Lines of the file that are no checkpoints. */
  readonly unreadableLines: number;
}

/**
 * Verifies the record of all tenants without the service, from its rows and from nothing the service says of them. Reads
 * only, and holds no snapshot: the platform may run meanwhile.
 */
export async function verifyTrail(options: VerifyTrailOptions): Promise<TrailReport> {
  const { databaseUrl, schema = "audit", publicKeys, checkpointFile } = options;
  const witnesses = checkpointFile === undefined ? undefined : await readCheckpointFile(checkpointFile);
  const keys = createKnownKeys(publicKeys);
  const client = new Client({
    connectionString: databaseUrl,
    application_name: "plinth-audit-verify",
    options: "-c default_transaction_read_only=on -c plinth.tenant=*",
  });
  await client.connect();
  try {
    await client.query(`set search_path = ${escapeIdentifier(schema)}`);
    const trail = new TrailRows(async <Row>(_tenantId: string, sql: string, parameters: readonly unknown[]) => {
      const { rows } = await client.query(sql, [...parameters]);
      return rows as Row[];
    });
    const tenantIds = options.tenants ?? [...new Set([...(await trail.tenants()), ...(witnesses?.tenants() ?? [])])].sort();
    const tenants: TenantReport[] = [];
    for (const tenantId of tenantIds) {
      const report = await verifyTenant(tenantId, { trail, keys, witnesses });
      tenants.push(report);
      options.onTenant?.(report);
    }
    return {
      valid: tenants.every(({ problems }) => problems.length === 0),
      tenants,
      witnessed: witnesses !== undefined,
      unreadableLines: witnesses?.unreadable ?? 0,
    };
  } finally {
    await client.end();
  }
}

/** The public key that goes with the module's secret `AUDIT_SIGNING_KEY`. */
export function publicKeyOf(signingKey: string): Uint8Array {
  return createCheckpointSigner(signingKey).publicKey;
}
