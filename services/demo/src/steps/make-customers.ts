import { PlinthError } from "@plinth/kernel/base";
import type { Shop } from "../shop.ts";

const CUSTOMERS = [
  { email: "grace@example.com", firstName: "Grace", lastName: "Hopper", locale: "en-US", currency: "USD" },
  { email: "konrad@example.com", firstName: "Konrad", lastName: "Zuse", locale: "de-DE", currency: "EUR" },
  { email: "katherine@example.com", firstName: "Katherine", lastName: "Johnson", locale: "en-US", currency: "USD" },
  { email: "hedy@example.com", firstName: "Hedy", lastName: "Lamarr", locale: "de-AT", currency: "EUR" },
  { email: "tomitaro@example.com", firstName: "Tomitarō", lastName: "Kaneko", locale: "en", currency: "JPY" },
] as const;

/** Makes the customers; an address that is taken stays whose it is. */
export async function makeCustomers({ customer }: Pick<Shop, "customer">, key: string): Promise<void> {
  for (const person of CUSTOMERS) {
    try {
      await customer.createCustomer(person, { idempotencyKey: `${key}:${person.email}` });
    } catch (error) {
      if (!(error instanceof PlinthError && error.code === "CONFLICT")) throw error;
    }
  }
}
