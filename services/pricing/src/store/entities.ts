import { EntitySchema } from "typeorm";
import type { Channel } from "../domain/channel.ts";

export const ChannelEntity = new EntitySchema<Channel>({
  name: "Channel",
  tableName: "channels",
  columns: {
    tenantId: { type: "text", name: "tenant_id", primary: true },
    code: { type: "text", primary: true },
    currency: { type: "text" },
    country: { type: "text" },
    taxInclusive: { type: "boolean", name: "tax_inclusive" },
    taxRounding: { type: "text", name: "tax_rounding" },
    warehouseId: { type: "text", name: "warehouse_id" },
    version: { type: "integer" },
    createdAt: { type: "timestamptz", name: "created_at" },
    updatedAt: { type: "timestamptz", name: "updated_at" },
  },
});
