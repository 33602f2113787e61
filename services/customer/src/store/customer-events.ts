import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import { CustomerChange, CustomerCreatedSchema, CustomerUpdatedSchema } from "@plinth/proto/customer/v1/events_pb";
import type { ChangedPart, Customer } from "../domain/customer.ts";

const CHANGE: Record<ChangedPart, CustomerChange> = {
  profile: CustomerChange.PROFILE,
  tier: CustomerChange.TIER,
  preferences: CustomerChange.PREFERENCES,
  addresses: CustomerChange.ADDRESSES,
};

/** Says what happened to a customer, to other modules and to the audit trail, in the transaction in which it happens. */
export class CustomerEvents {
  readonly #outlets: Pick<Service<unknown>, "publish" | "audit">;

  constructor(outlets: Pick<Service<unknown>, "publish" | "audit">) {
    this.#outlets = outlets;
  }

  async created(tx: Transaction, customer: Customer): Promise<void> {
    await this.#outlets.publish(tx, CustomerCreatedSchema, { ...common(customer), createdAt: timestampFromDate(customer.createdAt) });
    await this.#audit(tx, "customer.created", customer, {});
  }

  async updated(tx: Transaction, customer: Customer, parts: readonly ChangedPart[], at: Date): Promise<void> {
    const changes = parts.map((part) => CHANGE[part]);
    await this.#outlets.publish(tx, CustomerUpdatedSchema, { ...common(customer), changes, updatedAt: timestampFromDate(at) });
    await this.#audit(tx, customer.erased ? "customer.erased" : "customer.updated", customer, { changes: parts.join(",") });
  }

  #audit(tx: Transaction, action: string, { id }: Customer, metadata: Record<string, string>): Promise<void> {
    return this.#outlets.audit(tx, { action, resource: "customer", resourceId: id, outcome: "success", metadata });
  }
}

function common({ id, userId, email, tier }: Customer): { customerId: string; userId: string; email: string; tier: string } {
  return { customerId: id, userId: userId ?? "", email, tier };
}
