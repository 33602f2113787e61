import { EntitySchema } from "typeorm";
import type { Address } from "../domain/address-book.ts";
import { type Customer, folded } from "../domain/customer.ts";

/** A customer's row: the folded email address serves look-ups. */
export type CustomerRow = Customer & { readonly emailFolded: string };

export const CustomerEntity = new EntitySchema<CustomerRow>({
  name: "Customer",
  tableName: "customers",
  columns: {
    id: { type: "text", primary: true },
    tenantId: { type: "text", name: "tenant_id" },
    userId: { type: "text", name: "user_id", nullable: true },
    email: { type: "text" },
    emailFolded: { type: "text", name: "email_folded", select: false },
    firstName: { type: "text", name: "first_name" },
    lastName: { type: "text", name: "last_name" },
    phone: { type: "text" },
    locale: { type: "text" },
    currency: { type: "text" },
    marketing: { type: "boolean" },
    tier: { type: "text" },
    version: { type: "integer" },
    erased: { type: "boolean" },
    createdAt: { type: "timestamptz", name: "created_at" },
    updatedAt: { type: "timestamptz", name: "updated_at" },
  },
});

export const AddressEntity = new EntitySchema<Address>({
  name: "Address",
  tableName: "addresses",
  columns: {
    id: { type: "text", primary: true },
    tenantId: { type: "text", name: "tenant_id" },
    customerId: { type: "text", name: "customer_id" },
    label: { type: "text" },
    name: { type: "text" },
    company: { type: "text" },
    line1: { type: "text" },
    line2: { type: "text" },
    city: { type: "text" },
    region: { type: "text" },
    postalCode: { type: "text", name: "postal_code" },
    country: { type: "text" },
    phone: { type: "text" },
    defaultShipping: { type: "boolean", name: "default_shipping" },
    defaultBilling: { type: "boolean", name: "default_billing" },
    createdAt: { type: "timestamptz", name: "created_at" },
    updatedAt: { type: "timestamptz", name: "updated_at" },
  },
});

export function rowOf(customer: Customer): CustomerRow {
  return { ...customer, emailFolded: folded(customer.email) };
}
