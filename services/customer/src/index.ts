import { defineService } from "@plinth/kernel/service";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { CustomerService } from "@plinth/proto/customer/v1/customer_pb";
import { UserDeletedSchema } from "@plinth/proto/identity/v1/events_pb";
import { addressHandlers } from "./rpc/address-handlers.ts";
import { customerAccess } from "./rpc/customer-access.ts";
import { customerHandlers } from "./rpc/customer-handlers.ts";
import { CustomerEvents } from "./store/customer-events.ts";
import { PostgresCustomerStore } from "./store/customer-store.ts";
import { AddressEntity, CustomerEntity } from "./store/entities.ts";
import { onUserDeleted } from "./subscribers/on-user-deleted.ts";

export default defineService(
  import.meta.url,
  (service) => {
    const customers = new PostgresCustomerStore(service.database, new CustomerEvents(service));
    const access = customerAccess(customers, service.client("authz", AuthzService));

    service.rpc(CustomerService, { ...customerHandlers(customers, access), ...addressHandlers(customers, access) });
    service.subscribe(
      UserDeletedSchema,
      onUserDeleted((tx, userId, at) => customers.eraseOfUser(tx, userId, at)),
    );
  },
  { entities: [CustomerEntity, AddressEntity] },
);
