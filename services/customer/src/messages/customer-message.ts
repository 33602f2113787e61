import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { AddressSchema, CustomerSchema } from "@plinth/proto/customer/v1/customer_pb";
import type { Address } from "../domain/address-book.ts";
import type { Customer } from "../domain/customer.ts";

export function customerMessage({
  tenantId: _tenant,
  userId,
  createdAt,
  updatedAt,
  ...same
}: Customer): MessageInitShape<typeof CustomerSchema> {
  return { ...same, userId: userId ?? "", createdAt: timestampFromDate(createdAt), updatedAt: timestampFromDate(updatedAt) };
}

export function addressMessage({ tenantId: _tenant, createdAt, updatedAt, ...same }: Address): MessageInitShape<typeof AddressSchema> {
  return { ...same, createdAt: timestampFromDate(createdAt), updatedAt: timestampFromDate(updatedAt) };
}
