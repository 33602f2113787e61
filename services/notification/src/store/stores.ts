import type { Database, RememberedReads, Transaction } from "@plinth/kernel/database";
import type { Storage, Stores } from "../domain/ports.ts";
import { contactStore } from "./contact-store.ts";
import { deliveryStore, type Outlets } from "./delivery-store.ts";
import { inboxStore } from "./inbox-store.ts";
import { preferenceStore } from "./preference-store.ts";
import { type BuiltInTemplates, templateStore } from "./template-store.ts";

/** Everything that is kept, as one transaction sees it. */
export function storesIn(
  builtIn: BuiltInTemplates,
  outlets: Outlets,
  remembered: Pick<RememberedReads, "read">,
): (tx: Transaction) => Stores {
  return (tx) => ({
    tenantId: tx.tenantId,
    contacts: contactStore(tx),
    preferences: preferenceStore(tx),
    templates: templateStore(tx, builtIn, outlets, remembered),
    deliveries: deliveryStore(tx, outlets),
    inbox: inboxStore(tx, outlets),
  });
}

/** `remembered` are the templates. */
export function postgresStorage(
  database: Database,
  stores: (tx: Transaction) => Stores,
  remembered: Pick<RememberedReads, "forget">,
): Storage {
  return {
    async changeTemplates(work) {
      const done = await database.transaction((tx) => work(stores(tx)));
      remembered.forget();
      return done;
    },
    transaction: (work) => database.transaction((tx) => work(stores(tx))),
    read: (work) => database.read((tx) => work(stores(tx))),
  };
}
