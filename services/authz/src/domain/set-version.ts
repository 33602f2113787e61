import { validation } from "@plinth/kernel/base";

/**
 * What a decision rests on: how many changes the tenant's own roles, policies and assignments have seen, and how many the
 * roles that modules declare. As a token `<tenant>.<platform>`: `17.3`.
 */
export interface SetVersion {
  readonly tenant: number;
  readonly platform: number;
}

const TOKEN = /^(\d{1,15})\.(\d{1,15})$/;

export function formatVersion({ tenant, platform }: SetVersion): string {
  return `${tenant}.${platform}`;
}

/** Undefined for no token. Throws VALIDATION_ERROR on `min_version` for what `formatVersion` did not make. */
export function parseVersion(token: string): SetVersion | undefined {
  if (token === "") return undefined;
  const [, tenant, platform] = TOKEN.exec(token) ?? [];
  if (tenant === undefined || platform === undefined) {
    throw validation({ min_version: "must be a version that an answer of this service carried, such as 17.3" });
  }
  return { tenant: Number(tenant), platform: Number(platform) };
}

/** Whether `version` has everything that `wanted` has. */
export function reaches(version: SetVersion, wanted: SetVersion): boolean {
  return version.tenant >= wanted.tenant && version.platform >= wanted.platform;
}

/** What both of them have. */
export function common(one: SetVersion, other: SetVersion): SetVersion {
  return { tenant: Math.min(one.tenant, other.tenant), platform: Math.min(one.platform, other.platform) };
}
