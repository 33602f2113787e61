import type { Handlers } from "@plinth/kernel/rpc";
import type { CustomerService } from "@plinth/proto/customer/v1/customer_pb";
import { changeCustomer, customerNotFound, newCustomer } from "../domain/customer.ts";
import type { CustomerStore } from "../domain/customer-store.ts";
import { customerMessage } from "../messages/customer-message.ts";
import type { CustomerAccess } from "./customer-access.ts";

type CustomerHandlers = Pick<
  Handlers<typeof CustomerService>,
  "getMe" | "updateMe" | "getCustomer" | "listCustomers" | "createCustomer" | "updateCustomer"
>;

export function customerHandlers(customers: CustomerStore, access: CustomerAccess): CustomerHandlers {
  return {
    async getMe(_request, context) {
      return customerMessage(await access.own(context));
    },

    async updateMe({ expectedVersion, firstName, lastName, phone, locale, currency, marketing }, context) {
      const { id } = await access.own(context);
      const changes = { firstName, lastName, phone, locale, currency, marketing };
      return customerMessage(await customers.change(id, (customer) => changeCustomer(customer, changes, expectedVersion, new Date())));
    },

    async getCustomer({ id }) {
      const customer = await customers.findCustomer(id);
      if (!customer) throw customerNotFound(id);
      return customerMessage(customer);
    },

    async listCustomers({ emailPrefix, tier, userId, pageSize, pageToken }) {
      const page = await customers.listCustomers({ emailPrefix, tier, userId }, { size: pageSize, token: pageToken });
      return { customers: page.items.map(customerMessage), nextPageToken: page.nextPageToken };
    },

    async createCustomer({ email, userId, ...profile }, context) {
      const customer = newCustomer(context.tenantId, { userId: userId || null, email }, profile, new Date());
      await customers.insert(customer);
      context.restStatus = 201;
      return customerMessage(customer);
    },

    async updateCustomer({ id, expectedVersion, email, tier, firstName, lastName, phone, locale, currency, marketing }) {
      const changes = { email, tier, firstName, lastName, phone, locale, currency, marketing };
      return customerMessage(await customers.change(id, (customer) => changeCustomer(customer, changes, expectedVersion, new Date())));
    },
  };
}
