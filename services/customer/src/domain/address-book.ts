import { conflict, notFound } from "@plinth/kernel/base";

/** What an address says. */
export interface AddressText {
  readonly label: string;
  readonly name: string;
  readonly company: string;
  readonly line1: string;
  readonly line2: string;
  readonly city: string;
  readonly region: string;
  readonly postalCode: string;
  /** ISO 3166 alpha-2. */
  readonly country: string;
  readonly phone: string;
}

export interface Address extends AddressText {
  readonly id: string;
  readonly tenantId: string;
  readonly customerId: string;
  readonly defaultShipping: boolean;
  readonly defaultBilling: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Which uses an address is to become the default for. */
export interface Defaults {
  readonly defaultShipping: boolean;
  readonly defaultBilling: boolean;
}

/** All addresses of a customer, oldest first. One of them is the default for each use, unless there is none. */
export type AddressBook = readonly Address[];

export const MAX_ADDRESSES = 50;

/** Throws CONFLICT, reason TOO_MANY_ADDRESSES. */
export function addAddress(book: AddressBook, address: Address): AddressBook {
  if (book.length >= MAX_ADDRESSES) {
    throw conflict(`A customer has at most ${MAX_ADDRESSES} addresses; remove one first.`, { reason: "TOO_MANY_ADDRESSES" });
  }
  return withDefaults([...book, { ...address, defaultShipping: false, defaultBilling: false }], address.id, address);
}

/** Absent fields stay. Throws NOT_FOUND, reason ADDRESS_NOT_FOUND. */
export function updateAddress(
  book: AddressBook,
  id: string,
  change: { readonly [Field in keyof AddressText]?: string | undefined },
  defaults: Defaults,
  now: Date,
): AddressBook {
  const before = getAddress(book, id);
  const said = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const after: Address = { ...before, ...said, updatedAt: now };
  return withDefaults(
    book.map((address) => (address.id === id ? after : address)),
    id,
    defaults,
  );
}

/** Throws NOT_FOUND, reason ADDRESS_NOT_FOUND. */
export function removeAddress(book: AddressBook, id: string): AddressBook {
  getAddress(book, id);
  return withDefaults(
    book.filter((address) => address.id !== id),
    "",
    { defaultShipping: false, defaultBilling: false },
  );
}

export function getAddress(book: AddressBook, id: string): Address {
  const found = book.find((address) => address.id === id);
  if (!found) throw notFound(`There is no address ${id}.`, { reason: "ADDRESS_NOT_FOUND", metadata: { id } });
  return found;
}

function withDefaults(book: AddressBook, id: string, wanted: Defaults): AddressBook {
  const chosen = (use: keyof Defaults) => (wanted[use] ? id : (book.find((address) => address[use]) ?? book[0])?.id);
  const [shipping, billing] = [chosen("defaultShipping"), chosen("defaultBilling")];
  return book.map((address) => ({ ...address, defaultShipping: address.id === shipping, defaultBilling: address.id === billing }));
}
