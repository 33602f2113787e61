import { forbidden } from "@plinth/kernel/base";
import type { CallContext } from "@plinth/kernel/rpc";
import { type PermissionCode, permissions } from "@plinth/proto/permissions";

const PERMISSION = permissions.audit.tenant.read;

/** Whether a user holds a permission. */
export type HoldsPermission = (userId: string, permission: PermissionCode) => Promise<boolean>;

/** The tenant whose record is read: the call's, or another one for a user who may. Throws FORBIDDEN with the missing permission. */
export type ReadTenant = (wanted: string, context: CallContext) => Promise<string>;

/** @param onOther told before another tenant's record is read, so that this is on record too. */
export function readTenant(holds: HoldsPermission, onOther: (tenantId: string) => Promise<void>): ReadTenant {
  return async (wanted, { tenantId, user }) => {
    if (wanted === "" || wanted === tenantId) return tenantId;
    if (user === undefined || !(await holds(user.id, PERMISSION))) {
      throw forbidden(`The record of another tenant takes the permission ${PERMISSION}.`, {
        reason: "PERMISSION_DENIED",
        metadata: { permission: PERMISSION },
      });
    }
    await onOther(wanted);
    return wanted;
  };
}
