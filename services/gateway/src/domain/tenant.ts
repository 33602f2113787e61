import { badRequest, DEFAULT_TENANT } from "@plinth/kernel/base";
import type { Settings } from "./settings.ts";

const TENANT = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Whose data a request without a token is about: by subdomain, else by header, else the default tenant. */
export function publicTenant(settings: Settings, host: string | undefined, header: string | undefined): string {
  const domain = settings.tenantDomain;
  if (domain !== undefined && host !== undefined) {
    const colon = host.lastIndexOf(":");
    const name = (colon === -1 ? host : host.slice(0, colon)).toLowerCase();
    if (name.endsWith(`.${domain}`)) return checked(name.slice(0, -domain.length - 1));
  }
  return settings.tenantHeader && header !== undefined ? checked(header) : DEFAULT_TENANT;
}

function checked(tenant: string): string {
  if (TENANT.test(tenant)) return tenant;
  throw badRequest("The tenant's name is not valid.", { reason: "INVALID_TENANT" });
}
