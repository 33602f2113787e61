import { parseCheckpointLine, type WitnessedCheckpoint } from "./checkpoint.ts";

/** Checkpoints that were published outside the database. */
export interface Witnesses {
  tenants(): readonly string[];
  /** By size; a fresh map each time. */
  of(tenantId: string): Map<number, WitnessedCheckpoint>;
  /** Lines that are no checkpoints. The last one may have been cut off by a crash. */
  readonly unreadable: number;
}

/** Reads a file of checkpoints, a line each. */
export async function readWitnesses(lines: AsyncIterable<string> | Iterable<string>): Promise<Witnesses> {
  const byTenant = new Map<string, Map<number, WitnessedCheckpoint>>();
  let unreadable = 0;
  for await (const line of lines) {
    if (line === "") continue;
    const witness = parseCheckpointLine(line);
    if (witness === undefined) {
      unreadable++;
      continue;
    }
    const known = byTenant.get(witness.tenantId) ?? new Map<number, WitnessedCheckpoint>();
    byTenant.set(witness.tenantId, known.set(witness.size, witness));
  }
  return { tenants: () => [...byTenant.keys()], of: (tenantId) => new Map(byTenant.get(tenantId)), unreadable };
}
