import type { Account, Tracker } from "./account.ts";
import { badParameter, notFound } from "./easypost-error.ts";

/** What happens to parcels, with what carriers say of it. */
const MESSAGES: Readonly<Record<string, string>> = {
  in_transit: "Departed the sorting centre",
  out_for_delivery: "On the van",
  available_for_pickup: "Waits at the post office",
  delivered: "Delivered, left at the door",
  return_to_sender: "On its way back to the sender",
  failure: "The address does not exist",
};

/** By id or by tracking number. */
export function getTracker({ trackers }: Account, name: string): Tracker {
  const tracker = trackers.get(name) ?? [...trackers.values()].find(({ trackingCode }) => trackingCode === name);
  if (tracker === undefined) throw notFound();
  return tracker;
}

/** Moves a parcel along. */
export function moveParcel(account: Account, tracker: Tracker, status: string, message = MESSAGES[status]): void {
  if (message === undefined) throw badParameter(`status must be one of ${Object.keys(MESSAGES).join(", ")}`);
  const before = tracker.status;
  // Two moves within a millisecond are still one after the other.
  const datetime = new Date(Math.max(Date.now(), Date.parse(tracker.updatedAt) + 1)).toISOString();
  tracker.status = status;
  tracker.updatedAt = datetime;
  tracker.details.push({ status, message, datetime });
  account.emit("tracker.updated", tracker, before);
}
