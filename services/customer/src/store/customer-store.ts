import { conflict, type Page, type PageRequest } from "@plinth/kernel/base";
import { type Database, listEntityPage, onUniqueViolation, type Transaction } from "@plinth/kernel/database";
import type { Address, AddressBook } from "../domain/address-book.ts";
import { type Customer, changedParts, customerNotFound, eraseCustomer, folded } from "../domain/customer.ts";
import type { CustomerFilter, CustomerStore } from "../domain/customer-store.ts";
import type { CustomerEvents } from "./customer-events.ts";
import { AddressEntity, CustomerEntity, rowOf } from "./entities.ts";

const NEWEST_FIRST = [
  { by: "createdAt", direction: "desc" },
  { by: "id", direction: "desc" },
] as const;

/** Customers in Postgres. */
export class PostgresCustomerStore implements CustomerStore {
  readonly #database: Database;
  readonly #events: CustomerEvents;

  constructor(database: Database, events: CustomerEvents) {
    this.#database = database;
    this.#events = events;
  }

  async insert(customer: Customer): Promise<void> {
    const work = async (tx: Transaction) => {
      await tx.manager.insert(CustomerEntity, rowOf(customer));
      await this.#events.created(tx, customer);
    };
    await this.#database.transaction(work).catch(refuseUser);
  }

  async ofUser(userId: string, make: () => Customer): Promise<Customer> {
    const known = await this.#database.read((tx) => findOfUser(tx, userId));
    if (known) return known;
    return this.#database.transaction(async (tx) => {
      const customer = make();
      const made = await tx.manager
        .createQueryBuilder()
        .insert()
        .into(CustomerEntity)
        .values(rowOf(customer))
        .orIgnore()
        .returning("id")
        .execute();
      if ((made.raw as unknown[]).length > 0) {
        await this.#events.created(tx, customer);
        return customer;
      }
      // Another call of the same user was faster.
      return (await findOfUser(tx, userId)) ?? customer;
    });
  }

  findCustomer(id: string): Promise<Customer | undefined> {
    return this.#database.read(async (tx) => (await tx.manager.findOneBy(CustomerEntity, { id })) ?? undefined);
  }

  listCustomers({ emailPrefix, tier, userId }: CustomerFilter, page: PageRequest): Promise<Page<Customer>> {
    return this.#database.read((tx) => {
      const query = tx.manager
        .createQueryBuilder(CustomerEntity, "customer")
        .where("customer.tenantId = :tenantId", { tenantId: tx.tenantId });
      const prefix = `${folded(emailPrefix).replaceAll(/[\\%_]/g, "\\$&")}%`;
      if (emailPrefix !== "") query.andWhere("customer.emailFolded like :prefix", { prefix });
      if (tier !== "") query.andWhere("customer.tier = :tier", { tier });
      if (userId !== "") query.andWhere("customer.userId = :userId", { userId });
      return listEntityPage(query, NEWEST_FIRST, page);
    });
  }

  change(id: string, decide: (customer: Customer) => Customer): Promise<Customer> {
    return this.#database.transaction(async (tx) => {
      const before = await lockCustomer(tx, id);
      const after = decide(before);
      const parts = changedParts(before, after);
      if (parts.length === 0) return before;
      await tx.manager.update(CustomerEntity, { id }, rowOf(after));
      await this.#events.updated(tx, after, parts, after.updatedAt);
      return after;
    });
  }

  listAddresses(customerId: string): Promise<AddressBook> {
    return this.#database.read((tx) => bookOf(tx, customerId));
  }

  changeAddresses(customerId: string, decide: (book: AddressBook, customer: Customer) => AddressBook): Promise<AddressBook> {
    return this.#database.transaction(async (tx) => {
      const customer = await lockCustomer(tx, customerId);
      const before = await bookOf(tx, customerId);
      const after = decide(before, customer);
      const gone = before.filter(({ id }) => !after.some((address) => address.id === id)).map(({ id }) => id);
      if (gone.length > 0) await tx.manager.delete(AddressEntity, gone);
      const earlier = (address: Address) => before.find(({ id }) => id === address.id);
      const changed = after.filter((address) => !isSame(address, earlier(address)));
      // Who gains a default comes last: there are never two of them, not even for the blink of a row.
      const ordered = [...changed].sort((a, b) => gains(a, earlier(a)) - gains(b, earlier(b)));
      if (ordered.length > 0) await tx.manager.upsert(AddressEntity, ordered, ["id"]);
      await this.#events.updated(tx, customer, ["addresses"], new Date());
      return after;
    });
  }

  /** In the caller's transaction: the customer of a user who is gone, with everything personal. */
  async eraseOfUser(tx: Transaction, userId: string, now: Date): Promise<void> {
    const found = await findOfUser(tx, userId);
    if (!found || found.erased) return;
    const erased = eraseCustomer(await lockCustomer(tx, found.id), now);
    await tx.manager.update(CustomerEntity, { id: erased.id }, rowOf(erased));
    await tx.manager.delete(AddressEntity, { customerId: erased.id });
    await this.#events.updated(tx, erased, ["profile", "preferences", "addresses"], now);
  }
}

async function findOfUser(tx: Transaction, userId: string): Promise<Customer | undefined> {
  return (await tx.manager.findOneBy(CustomerEntity, { tenantId: tx.tenantId, userId })) ?? undefined;
}

async function lockCustomer(tx: Transaction, id: string): Promise<Customer> {
  const customer = await tx.manager.findOne(CustomerEntity, { where: { id }, lock: { mode: "pessimistic_write" } });
  if (!customer) throw customerNotFound(id);
  return customer;
}

function bookOf(tx: Transaction, customerId: string): Promise<Address[]> {
  return tx.manager.find(AddressEntity, { where: { customerId }, order: { createdAt: "asc", id: "asc" } });
}

function gains(address: Address, before: Address | undefined): number {
  const gained = (use: "defaultShipping" | "defaultBilling") => address[use] && before?.[use] !== true;
  return Number(gained("defaultShipping") || gained("defaultBilling"));
}

function isSame(address: Address, before: Address | undefined): boolean {
  return before !== undefined && (Object.keys(address) as (keyof Address)[]).every((field) => address[field] === before[field]);
}

function refuseUser(error: unknown): never {
  throw onUniqueViolation(error, (constraint) =>
    constraint === "customers_user_key" ? conflict("This user has a customer already.", { reason: "CUSTOMER_EXISTS" }) : undefined,
  );
}
