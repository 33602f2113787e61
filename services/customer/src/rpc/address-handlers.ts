import { conflict, newId } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import type { CustomerService } from "@plinth/proto/customer/v1/customer_pb";
import { type Address, addAddress, getAddress, removeAddress, updateAddress } from "../domain/address-book.ts";
import type { Customer } from "../domain/customer.ts";
import type { CustomerStore } from "../domain/customer-store.ts";
import { addressMessage } from "../messages/customer-message.ts";
import type { CustomerAccess } from "./customer-access.ts";

type AddressHandlers = Pick<Handlers<typeof CustomerService>, "addAddress" | "updateAddress" | "removeAddress" | "listAddresses">;

export function addressHandlers(customers: CustomerStore, access: CustomerAccess): AddressHandlers {
  return {
    async addAddress(request, context) {
      const { id: customerId, tenantId } = await access.customer(request.customerId, "update", context);
      const { label, name, company, line1, line2, city, region, postalCode, country, phone, defaultShipping, defaultBilling } = request;
      const now = new Date();
      const address: Address = {
        ...{ id: newId("addr"), tenantId, customerId, createdAt: now, updatedAt: now, defaultShipping, defaultBilling },
        ...{ label, name, company, line1, line2, city, region, postalCode, country, phone },
      };
      const book = await customers.changeAddresses(customerId, (before, customer) => addAddress(refuseErased(customer, before), address));
      context.restStatus = 201;
      return addressMessage(getAddress(book, address.id));
    },

    async updateAddress(request, context) {
      const customer = await access.customer(request.customerId, "update", context);
      const { id, label, name, company, line1, line2, city, region, postalCode, country, phone } = request;
      const change = { label, name, company, line1, line2, city, region, postalCode, country, phone };
      const book = await customers.changeAddresses(customer.id, (before) => updateAddress(before, id, change, request, new Date()));
      return addressMessage(getAddress(book, id));
    },

    async removeAddress({ customerId, id }, context) {
      const customer = await access.customer(customerId, "update", context);
      await customers.changeAddresses(customer.id, (before) => removeAddress(before, id));
      return {};
    },

    async listAddresses({ customerId }, context) {
      const customer = await access.customer(customerId, "read", context);
      return { addresses: (await customers.listAddresses(customer.id)).map(addressMessage) };
    },
  };
}

function refuseErased<Book>(customer: Customer, book: Book): Book {
  if (customer.erased) throw conflict(`Customer ${customer.id} was erased.`, { reason: "CUSTOMER_ERASED" });
  return book;
}
