import type { Page, PageRequest } from "@plinth/kernel/base";
import type { AddressBook } from "./address-book.ts";
import type { Customer } from "./customer.ts";

/** All given conditions must hold. */
export interface CustomerFilter {
  readonly emailPrefix: string;
  readonly tier: string;
  readonly userId: string;
}

/** Each change writes the rows, the event and the audit entry in one transaction. */
export interface CustomerStore {
  /** Throws CONFLICT, reason CUSTOMER_EXISTS. */
  insert(customer: Customer): Promise<void>;
  /** The customer of a user; `make` gives it where there is none yet, once however many ask at once. */
  ofUser(userId: string, make: () => Customer): Promise<Customer>;
  findCustomer(id: string): Promise<Customer | undefined>;
  /** Newest first. */
  listCustomers(filter: CustomerFilter, page: PageRequest): Promise<Page<Customer>>;
  /** Applies `decide` to the locked row. Throws NOT_FOUND, reason CUSTOMER_NOT_FOUND. */
  change(id: string, decide: (customer: Customer) => Customer): Promise<Customer>;
  /** Oldest first. */
  listAddresses(customerId: string): Promise<AddressBook>;
  /** Applies `decide` to the book while nobody else changes it. Throws NOT_FOUND, reason CUSTOMER_NOT_FOUND. */
  changeAddresses(customerId: string, decide: (book: AddressBook, customer: Customer) => AddressBook): Promise<AddressBook>;
}
