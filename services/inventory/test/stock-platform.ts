import { type KilledProcesses, type ServiceHarness, type ServiceProcess, startHarness, startKilledProcesses } from "@plinth/kernel/testing";
import { InventoryService } from "@plinth/proto/inventory/v1/inventory_pb";
import { Pool } from "pg";
import inventory from "../src/index.ts";

/** The service with a warehouse, and a look at its tables past it. */
export interface StockPlatform {
  readonly harness: ServiceHarness;
  readonly warehouseId: string;
  as(tenantId?: string): ReturnType<typeof clientOf>;
  /** A call of this instance and no other. */
  by(process: ServiceProcess): ReturnType<typeof clientOf>;
  /** A SKU of the default warehouse with this stock. */
  stocked(quantity: number | bigint): Promise<string>;
  /** As the schema's superuser: every tenant's rows. */
  sql<Row = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Moves the end of a reservation into the past. */
  lapse(reference: string): Promise<void>;
  /** Places whose level is not the sum of their movements, or whose reserved stock is not that of the held reservations. */
  unbalanced(): Promise<unknown[]>;
  stop(): Promise<void>;
}

const clientOf = (harness: ServiceHarness, tenantId = "default", process?: ServiceProcess) =>
  harness.client("inventory", InventoryService, {
    user: { id: "user_clerk", tenantId },
    ...(process === undefined ? {} : { process }),
  });

const UNBALANCED = `
select l.tenant_id, l.sku, l.warehouse_id, l.on_hand, l.reserved, m.on_hand as booked, m.reserved as booked_reserved, h.quantity as held
from inventory.levels l
left join (select tenant_id, sku, warehouse_id, sum(on_hand_difference) as on_hand, sum(reserved_difference) as reserved
  from inventory.movements group by 1, 2, 3) m using (tenant_id, sku, warehouse_id)
left join (select n.tenant_id, n.sku, n.warehouse_id, sum(n.quantity) as quantity from inventory.reservation_lines n
  join inventory.reservations r on r.id = n.reservation_id where r.status = 'held' group by 1, 2, 3) h using (tenant_id, sku, warehouse_id)
where l.on_hand <> coalesce(m.on_hand, 0) or l.reserved <> coalesce(m.reserved, 0) or l.reserved <> coalesce(h.quantity, 0)`;

export async function startStockPlatform(replicas = 1): Promise<StockPlatform> {
  return platformOn(await startHarness({ services: [inventory], replicas: { inventory: replicas } }));
}

/** With instances in processes of their own, which are killed. */
export async function startStockProcesses(count: number, random: () => number): Promise<StockPlatform & { processes: KilledProcesses }> {
  const harness = await startHarness({ services: [inventory], inProcesses: ["inventory"] });
  const processes = await startKilledProcesses(harness, "inventory", count, random);
  return { ...(await platformOn(harness)), processes };
}

async function platformOn(harness: ServiceHarness): Promise<StockPlatform> {
  const admin = new Pool({ connectionString: harness.adminUrl, max: 4 });
  const as = (tenantId?: string) => clientOf(harness, tenantId);
  const warehouse = await as().createWarehouse({ code: "BER-1", name: "Berlin", country: "DE" });
  const sql = async <Row>(text: string, parameters: readonly unknown[] = []) => (await admin.query(text, [...parameters])).rows as Row[];
  let skus = 0;
  return {
    harness,
    warehouseId: warehouse.id,
    as,
    by: (process) => clientOf(harness, undefined, process),
    async stocked(quantity) {
      const sku = `SKU-${++skus}`;
      await as().receive({ lines: [{ sku, quantity: BigInt(quantity) }] });
      return sku;
    },
    sql,
    async lapse(reference) {
      await sql("update inventory.reservations set expires_at = now() - interval '1 second' where reference = $1", [reference]);
    },
    unbalanced: () => sql(UNBALANCED),
    async stop() {
      await admin.end();
      await harness.stop();
    },
  };
}
