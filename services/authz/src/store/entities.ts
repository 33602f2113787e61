import { EntitySchema } from "typeorm";
import type { Assignment } from "../domain/assignment.ts";
import type { Policy } from "../domain/policy.ts";

export type AssignmentRow = Assignment & { readonly tenantId: string };

export const AssignmentEntity = new EntitySchema<AssignmentRow>({
  name: "Assignment",
  tableName: "assignments",
  columns: {
    tenantId: { type: "text", name: "tenant_id", primary: true },
    userId: { type: "text", name: "user_id", primary: true },
    role: { type: "text", primary: true },
    assignedAt: { type: "timestamptz", name: "assigned_at" },
    assignedBy: { type: "text", name: "assigned_by" },
    expiresAt: { type: "timestamptz", name: "expires_at", nullable: true },
  },
});

export const PolicyEntity = new EntitySchema<Policy>({
  name: "Policy",
  tableName: "policies",
  columns: {
    id: { type: "text", primary: true },
    tenantId: { type: "text", name: "tenant_id" },
    name: { type: "text" },
    description: { type: "text" },
    permission: { type: "text" },
    effect: { type: "text" },
    expression: { type: "text" },
    enabled: { type: "boolean" },
    version: { type: "integer" },
    createdAt: { type: "timestamptz", name: "created_at" },
    updatedAt: { type: "timestamptz", name: "updated_at" },
  },
});
