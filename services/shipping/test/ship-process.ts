/**
 * A process that ships one shipment and may be killed at any moment: `node ship-process.ts <database url> <simulator url> <shipment id>`. What it
 * takes on belongs to it for a moment only.
 */
import { newId, runInContext } from "@plinth/kernel/base";
import { openDatabase } from "@plinth/kernel/database";
import { silentLogger } from "@plinth/kernel/logging";
import { createEasyPostCarrier } from "../src/carriers/easypost-carrier.ts";
import { createShipping } from "../src/domain/shipping.ts";
import { ShipmentEvents } from "../src/store/shipment-events.ts";
import { PostgresShipmentStore } from "../src/store/shipment-store.ts";

const [url = "", simulatorUrl = "", id = ""] = process.argv.slice(2);
const database = await openDatabase({ url, schema: "shipping", entities: [], logger: silentLogger });
const events = new ShipmentEvents({
  // It never comes to this: it is killed before the label is noted.
  publish: () => Promise.reject(new Error("published")),
  audit: () => Promise.reject(new Error("audited")),
});
const shipping = createShipping({
  store: new PostgresShipmentStore(database, events),
  carriers: new Map([["easypost", createEasyPostCarrier({ url: simulatorUrl, apiKey: "EZTK_simulator", timeoutMs: 60_000 })]]),
  now: () => new Date(),
  leaseMs: () => 1000,
});
const context = { requestId: newId("req"), traceId: "", module: "shipping", tenantId: "default", signal: new AbortController().signal };
await runInContext(context, () => shipping.ship(id, { trackingNumber: "", trackingUrl: "", carrierName: "" }));
