/** Names that every platform has, without a module declaring them. */

/** The namespace of topics that belong to the platform as a whole: any module may publish `platform.<x>`. */
export const PLATFORM = "platform";

/** Every module publishes to this topic without declaring it, and only `AUDIT_MODULE` reads it. */
export const AUDIT_TOPIC = "platform.audit";
export const AUDIT_EVENT_TYPE = "platform.audit.recorded";
export const AUDIT_MODULE = "audit";

/** The module through which everything from outside comes; it may call each module that has routes. */
export const GATEWAY_MODULE = "gateway";

/** Roles that are always there. */
export const BUILT_IN_ROLES: readonly { name: string; description: string; permissions: readonly string[] }[] = [
  { name: "platform-admin", description: "May do everything.", permissions: ["*"] },
  { name: "user", description: "Every registered user.", permissions: [] },
];

/** Of a topic that names none. */
export const DEFAULT_PARTITIONS = 3;
export const DEFAULT_RETENTION = "7d";
