import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type CarrierSimulator, startCarrierSimulator } from "./server.ts";

interface Answer {
  readonly status: number;
  readonly body: { id: string; rates: { id: string }[]; tracker: { id: string }; tracking_code: string; [field: string]: unknown };
}

let folder: string;
let stateFile: string;
let simulator: CarrierSimulator;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "carrier-state-"));
  stateFile = join(folder, "deep", "carrier.json");
  simulator = await start();
});
afterEach(async () => {
  await simulator.close();
  rmSync(folder, { recursive: true });
});

const start = () => startCarrierSimulator({ host: "127.0.0.1", port: 0, stateFile, log: () => {} });

async function call(path: string, body?: object, headers: Record<string, string> = { authorization: "Basic a2V5Og==" }): Promise<Answer> {
  const init = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
  const response = await fetch(`${simulator.url}${path}`, init);
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

const PLACE = { name: "Ada", street1: "Way 1", city: "Berlin", country: "DE" };
const announce = (change: object = {}) =>
  call("/v2/shipments", { shipment: { to_address: PLACE, from_address: PLACE, parcel: { weight: 10 }, ...change } });

async function buy(): Promise<Answer> {
  const { body } = await announce();
  return call(`/v2/shipments/${body.id}/buy`, { rate: { id: body.rates[0]?.id } });
}

describe("a label", () => {
  test("is sold once", async () => {
    const sold = await buy();
    expect(sold).toMatchObject({ status: 200, body: { tracker: { status: "pre_transit" }, postage_label: { object: "PostageLabel" } } });
    const again = await call(`/v2/shipments/${sold.body.id}/buy`, { rate: { id: sold.body.rates[0]?.id } });
    expect(again).toMatchObject({ status: 422, body: { error: { code: "SHIPMENT.POSTAGE.EXISTS" } } });
    expect(await call("/simulator/state")).toMatchObject({ body: { shipments: 1, labels: 1 } });
  });

  test.each([
    [
      "by a rate of another shipment",
      "SHIPMENT.RATE.UNAVAILABLE",
      async () => call(`/v2/shipments/${(await announce()).body.id}/buy`, { rate: {} }),
    ],
    ["without a street", "ADDRESS.PARAMETERS.INVALID", () => announce({ to_address: { ...PLACE, street1: "" } })],
    ["without a weight", "PARAMETER.INVALID", () => announce({ parcel: {} })],
    ["for a shipment that is not there", "NOT_FOUND", () => call("/v2/shipments/shp_0/buy", {})],
  ])("is not sold %s", async (_what, code, work) => {
    expect(await work()).toMatchObject({ body: { error: { code } } });
    expect(await call("/simulator/state")).toMatchObject({ body: { labels: 0 } });
  });

  test("takes a key", async () => {
    expect(await call("/v2/events", undefined, {})).toMatchObject({ status: 401 });
  });
});

test("a parcel moves, and its text is shown as text", async () => {
  const { body } = await buy();
  await call(`/simulator/trackers/${body.tracking_code}`, { status: "delivered", message: "<b>at the door</b>" });
  expect(await call(`/v2/trackers/${body.tracker.id}`)).toMatchObject({ body: { status: "delivered", tracking_code: body.tracking_code } });
  expect((await call("/v2/events")).body.events).toMatchObject([
    { description: "tracker.updated", previous_attributes: { status: "pre_transit" }, result: { status: "delivered" } },
    { description: "tracker.created" },
  ]);
  const page = await fetch(`${simulator.url}/simulator/track/${body.tracking_code}`);
  expect(await page.text()).toContain("&lt;b&gt;at the door&lt;/b&gt;");
  expect(await call(`/simulator/trackers/${body.tracking_code}`, { status: "lost in space" })).toMatchObject({ status: 422 });
});

test("with a state file it remembers parcels from one start to the next", async () => {
  const { body } = await buy();
  await simulator.close();
  simulator = await start();
  expect(await call(`/v2/shipments/${body.id}`)).toMatchObject({ body: { id: body.id, tracking_code: body.tracking_code } });
  expect((await call("/v2/events")).body.events).toHaveLength(1);
});

test("a state file that is none is refused by name, and left alone", async () => {
  stateFile = join(folder, "carrier.json");
  writeFileSync(stateFile, "{");
  await expect(start()).rejects.toThrow(`${stateFile} is no state of the simulator; remove it to begin anew.`);
});
