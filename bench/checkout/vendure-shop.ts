import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { startEmbeddedPostgres } from "@plinth/kernel/embedded";
import { freePort } from "@plinth/kernel/testing";
import { Client } from "pg";
import { startServer } from "../measure/server-process.ts";
import { postmasterPid } from "./postmaster.ts";
import type { Books, Shop } from "./shop.ts";
import { untilIdle } from "./until-idle.ts";
import { vendureFlow } from "./vendure-flow.ts";

const FOLDER = join(import.meta.dirname, "vendure");

/** Vendure in one process, on a Postgres with the settings of ours. */
export const vendure: Shop = {
  name: "Vendure",
  async seed(dataFolder) {
    if (!existsSync(join(FOLDER, "node_modules"))) throw new Error("Vendure is not installed. Run: npm ci --prefix bench/checkout/vendure");
    const postgres = await startEmbeddedPostgres({ dataFolder: join(dataFolder, "postgres") });
    try {
      await promisify(execFile)(process.execPath, [join(FOLDER, "seed.ts"), postgres.adminUrl, String(await freePort())], {
        env: { ...process.env, VENDURE_DISABLE_TELEMETRY: "true" },
      });
    } finally {
      await postgres.stop();
    }
  },
  async start(dataFolder) {
    const port = await freePort();
    const startedAt = performance.now();
    const postgres = await startEmbeddedPostgres({ dataFolder: join(dataFolder, "postgres") });
    try {
      const server = await startServer("checkout/vendure/server.ts", postgres.adminUrl, String(port));
      return {
        readyMs: performance.now() - startedAt,
        pid: server.pid,
        postgresPid: await postmasterPid(dataFolder),
        adminUrl: postgres.adminUrl,
        visit: (connections) => vendureFlow(port, connections),
        settle: () => untilIdle(postgres.adminUrl),
        books: () => books(postgres.adminUrl),
        async stop() {
          await server.stop();
          await postgres.stop();
        },
      };
    } catch (error) {
      await postgres.stop();
      throw error;
    }
  },
};

/** Stock that is allocated to an order can no longer be sold; it leaves the warehouse with the shipment. */
async function books(adminUrl: string): Promise<Books> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Record<keyof Books, string>>(
      `with placed as (select id, "subTotalWithTax" + "shippingWithTax" as total from "order" where "orderPlacedAt" is not null)
       select (select count(*) from placed) as orders,
              (select coalesce(sum(total), 0) from placed) as totals,
              (select coalesce(sum(amount), 0) from payment where state = 'Settled') as payments,
              (select coalesce(sum(quantity), 0) from order_line where "orderId" in (select id from placed)) as units,
              (select coalesce(sum("stockAllocated"), 0) from stock_level) as "unitsGone"`,
    );
    const [sums] = rows;
    if (sums === undefined) throw new Error("The books are empty.");
    return {
      orders: Number(sums.orders),
      totals: BigInt(sums.totals),
      payments: BigInt(sums.payments),
      units: Number(sums.units),
      unitsGone: Number(sums.unitsGone),
    };
  } finally {
    await client.end();
  }
}
