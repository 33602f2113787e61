import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { RoleAssignmentSchema, RoleSchema } from "@plinth/proto/authz/v1/authz_pb";
import type { Assignment } from "../domain/assignment.ts";
import type { Role } from "../domain/role.ts";
import { formatVersion, type SetVersion } from "../domain/set-version.ts";

/** @param version After a change; absent where the role was only read. */
export function roleMessage(role: Role, version?: SetVersion): MessageInitShape<typeof RoleSchema> {
  const { permissions, updatedAt, ...same } = role;
  return {
    ...same,
    permissions: [...permissions],
    updatedAt: timestampFromDate(updatedAt),
    setVersion: version === undefined ? "" : formatVersion(version),
  };
}

export function assignmentMessage({ role, assignedAt, assignedBy, expiresAt }: Assignment): MessageInitShape<typeof RoleAssignmentSchema> {
  return {
    role,
    assignedAt: timestampFromDate(assignedAt),
    assignedBy,
    ...(expiresAt === null ? {} : { expiresAt: timestampFromDate(expiresAt) }),
  };
}
