import { conflict } from "@plinth/kernel/base";
import type { Address } from "../domain/address.ts";
import { type Carrier, CarrierRefusal, type Label, type Parcel } from "../domain/carrier.ts";
import { createEasyPostClient, type EasyPostOptions } from "./easypost-client.ts";
import { cheapestRate, type EasyPostShipment, type EasyPostTracker, labelOf, trackingOf } from "./easypost-shipment.ts";

const GRAMS_PER_OUNCE = 28.349523125;
/** What a parcel is said to weigh where nobody knows: carriers take none without a weight. */
const UNKNOWN_WEIGHT_GRAMS = 1000n;
/** EasyPost's word for a second purchase. */
const BOUGHT_ALREADY = "SHIPMENT.POSTAGE.EXISTS";

/** Carriers behind EasyPost: labels, tracking numbers, trackers that tell by webhook. EasyPost sells one label per shipment of its own, ever. */
export function createEasyPostCarrier(options: EasyPostOptions): Carrier {
  const ask = createEasyPostClient(options);
  const read = async (id: string) => (await ask("GET", `shipments/${encodeURIComponent(id)}`)) as EasyPostShipment;
  const find = async (announced: string) => labelOf(await read(announced));

  return {
    name: "easypost",
    tracks: true,
    check({ shipment, from }) {
      if (from !== null && from.line1 !== "" && from.country !== "") return;
      throw conflict(`EasyPost must know where parcels come from: give the fulfilment entity of shipment ${shipment.id} an address.`, {
        reason: "ADDRESS_MISSING",
        metadata: { shipment_id: shipment.id },
      });
    },
    async announce({ shipment, from }) {
      const wanted = {
        reference: shipment.id,
        to_address: { ...easyPostAddress(shipment.address), email: shipment.email },
        from_address: easyPostAddress(from),
        parcel: { weight: ounces(shipment.weightGrams || UNKNOWN_WEIGHT_GRAMS) },
      };
      const { id } = (await ask("POST", "shipments", { shipment: wanted })) as EasyPostShipment;
      return id;
    },
    async buy(announced, { shipment }: Parcel) {
      const known = await read(announced);
      const label = labelOf(known);
      if (label !== undefined) return label;
      const rate = cheapestRate(known, shipment.carrierService);
      const answer = ask("POST", `shipments/${encodeURIComponent(announced)}/buy`, { rate: { id: rate.id } });
      return await answer.then((bought) => certain(labelOf(bought as EasyPostShipment))).catch((error) => boughtAfterAll(announced, error));
    },
    find,
    track: async (trackerId) => trackingOf((await ask("GET", `trackers/${encodeURIComponent(trackerId)}`)) as EasyPostTracker),
  };

  /** Whether the answer was lost, and not the purchase. */
  async function boughtAfterAll(announced: string, error: unknown): Promise<Label> {
    if (error instanceof CarrierRefusal && error.code !== BOUGHT_ALREADY) throw error;
    const label = await find(announced).catch(() => undefined);
    if (label !== undefined) return label;
    throw new Error(`Nobody knows whether EasyPost sold a label for ${announced}.`, { cause: error });
  }
}

function certain(label: Label | undefined): Label {
  if (label === undefined) throw new Error("EasyPost answered a purchase without a label.");
  return label;
}

function easyPostAddress(address: Address | null): Record<string, string> {
  if (address === null) return {};
  const { name, company, line1, line2, city, region, postalCode, country, phone } = address;
  return { name, company, street1: line1, street2: line2, city, state: region, zip: postalCode, country, phone };
}

/** To a tenth, rounded up: who says too little pays later. */
function ounces(grams: bigint): number {
  return Math.ceil((Number(grams) / GRAMS_PER_OUNCE) * 10) / 10;
}
