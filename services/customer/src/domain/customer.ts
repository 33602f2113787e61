import { conflict, newId, notFound } from "@plinth/kernel/base";

/** What a customer says of themselves. */
export interface Profile {
  readonly firstName: string;
  readonly lastName: string;
  readonly phone: string;
  readonly locale: string;
  readonly currency: string;
  readonly marketing: boolean;
}

export interface Customer extends Profile {
  readonly id: string;
  readonly tenantId: string;
  /** Null: a guest. */
  readonly userId: string | null;
  readonly email: string;
  readonly tier: string;
  /** 1 at creation, one more with each change of the fields here. */
  readonly version: number;
  /** Its user is gone, and everything personal with them; orders still name it. */
  readonly erased: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Absent fields stay. */
export type CustomerChanges = { readonly [Field in keyof Profile | "email" | "tier"]?: Customer[Field] | undefined };

/** What of a customer changed, as other modules hear it. */
export type ChangedPart = "profile" | "tier" | "preferences" | "addresses";

export const FIRST_TIER = "standard";
const NOTHING_SAID: Profile = { firstName: "", lastName: "", phone: "", locale: "", currency: "", marketing: false };

const PART_OF: Record<keyof CustomerChanges, ChangedPart> = {
  email: "profile",
  firstName: "profile",
  lastName: "profile",
  phone: "profile",
  locale: "preferences",
  currency: "preferences",
  marketing: "preferences",
  tier: "tier",
};
const FIELDS = Object.keys(PART_OF) as (keyof CustomerChanges)[];

export function newCustomer(
  tenantId: string,
  who: { userId: string | null; email: string },
  profile: Partial<Profile>,
  now: Date,
): Customer {
  const { firstName, lastName, phone, locale, currency, marketing } = { ...NOTHING_SAID, ...profile };
  const said = { firstName: firstName.trim(), lastName: lastName.trim(), phone: phone.trim(), locale, currency, marketing };
  const state = { tier: FIRST_TIER, version: 1, erased: false, createdAt: now, updatedAt: now };
  return { id: newId("cus"), tenantId, userId: who.userId, email: who.email, ...said, ...state };
}

/**
 * @param expectedVersion What the editor saw: a change made in the meantime is not overwritten. A change of nothing is none: the customer comes back
 * as it was. Throws CONFLICT, reasons VERSION_CONFLICT, CUSTOMER_ERASED.
 */
export function changeCustomer(customer: Customer, changes: CustomerChanges, expectedVersion: number | undefined, now: Date): Customer {
  if (customer.erased) throw conflict(`Customer ${customer.id} was erased.`, { reason: "CUSTOMER_ERASED" });
  if (expectedVersion !== undefined && expectedVersion !== customer.version) {
    throw conflict(
      `Customer ${customer.id} has version ${customer.version}, not ${expectedVersion}: read it again and repeat the change.`,
      {
        reason: "VERSION_CONFLICT",
        metadata: { version: String(customer.version) },
      },
    );
  }
  const said = FIELDS.filter((field) => changes[field] !== undefined).map((field) => {
    const value = changes[field];
    return [field, typeof value === "string" ? value.trim() : value];
  });
  const changed: Customer = { ...customer, ...Object.fromEntries(said) };
  return changedParts(customer, changed).length === 0 ? customer : { ...changed, version: customer.version + 1, updatedAt: now };
}

/** Forgets whose it was, and what they said; the id stays for what refers to it. */
export function eraseCustomer(customer: Customer, now: Date): Customer {
  return { ...customer, ...NOTHING_SAID, email: "", erased: true, version: customer.version + 1, updatedAt: now };
}

export function changedParts(before: Customer, after: Customer): ChangedPart[] {
  return [...new Set(FIELDS.filter((field) => before[field] !== after[field]).map((field) => PART_OF[field]))];
}

/** Email addresses are looked up without regard to case. */
export function folded(email: string): string {
  return email.toLowerCase();
}

export function customerNotFound(id: string): Error {
  return notFound(`There is no customer ${id}.`, { reason: "CUSTOMER_NOT_FOUND", metadata: { id } });
}
