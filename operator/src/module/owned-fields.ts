import type { KubeObject } from "@plinth/kernel/kube";

/** Keys of lists whose entries have owners of their own, by the field's name: others may add entries. The API server has the same in its schemas. */
type MergedLists = Readonly<Record<string, readonly string[]>>;

const OWNERS: MergedLists = { ownerReferences: ["uid"] };

const POD: MergedLists = {
  ...OWNERS,
  containers: ["name"],
  initContainers: ["name"],
  volumes: ["name"],
  imagePullSecrets: ["name"],
  topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
  env: ["name"],
  ports: ["containerPort", "protocol"],
  volumeMounts: ["mountPath"],
};

/** By kind. All other lists are one value: whoever adds to a NetworkPolicy's rules or a Role's has changed what we wrote. */
const MERGED_LISTS: Readonly<Record<string, MergedLists>> = {
  Deployment: POD,
  Job: POD,
  Service: { ...OWNERS, ports: ["port", "protocol"] },
  PrometheusRule: { ...OWNERS, groups: ["name"] },
};

/** Fields that the API server does not write where they are false or zero. Of most others absence means something else, often `true`. */
const ZERO_IS_ABSENT = new Set(["publishNotReadyAddresses", "minReadySeconds"]);

/** Mappings of resources to quantities: the API server writes each in one form, `0.5` as `500m`. */
const QUANTITIES = new Set(["requests", "limits"]);

/** A suffix of a quantity, and what it stands for. */
const QUANTITY = /^([+-]?[0-9.]+)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/;
const UNITS: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/**
 * Whether a live object has everything that is desired of it. What it has besides, from defaults or from others, is left alone; what the API server
 * writes in another form but means the same is the same. A hand that changed or removed what we wrote is found.
 */
export function hasOwnedFields(desired: KubeObject, live: KubeObject): boolean {
  return hasFields(desired, live, MERGED_LISTS[desired.kind] ?? OWNERS);
}

function hasFields(desired: object, live: object, lists: MergedLists): boolean {
  for (const [field, value] of Object.entries(desired)) {
    if (!hasValue(field, value, (live as Record<string, unknown>)[field], lists)) return false;
  }
  return true;
}

function hasValue(field: string, desired: unknown, live: unknown, lists: MergedLists): boolean {
  if (desired === live) return true;
  if (live === undefined || live === null) return isAbsent(field, desired);
  if (typeof desired !== "object" || desired === null || typeof live !== "object") return false;
  if (Array.isArray(desired)) return Array.isArray(live) && hasEntries(field, desired, live, lists);
  if (QUANTITIES.has(field)) return hasQuantities(desired, live);
  return !Array.isArray(live) && hasFields(desired, live, lists);
}

function hasEntries(field: string, desired: readonly unknown[], live: readonly unknown[], lists: MergedLists): boolean {
  const keys = lists[field];
  if (keys === undefined) {
    return desired.length === live.length && desired.every((entry, index) => hasValue("", entry, live[index], lists));
  }
  return desired.every((entry) => {
    const other = live.find((candidate) => keys.every((key) => keyOf(entry, key) === keyOf(candidate, key)));
    return other !== undefined && hasValue("", entry, other, lists);
  });
}

function keyOf(entry: unknown, key: string): unknown {
  return (entry as Record<string, unknown> | null)?.[key];
}

/** The API server drops what is empty. */
function isAbsent(field: string, value: unknown): boolean {
  if (value === 0 || value === false) return ZERO_IS_ABSENT.has(field);
  if (value === undefined || value === null || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function hasQuantities(desired: object, live: object): boolean {
  return Object.entries(desired).every(([resource, amount]) => {
    const [one, other] = [quantity(amount), quantity((live as Record<string, unknown>)[resource])];
    return one !== undefined && other !== undefined && Math.abs(one - other) <= Math.abs(one) * 1e-9;
  });
}

function quantity(value: unknown): number | undefined {
  const [, amount, unit] = QUANTITY.exec(String(value)) ?? [];
  return amount === undefined ? undefined : Number(amount) * (unit === undefined ? 1 : (UNITS[unit] ?? Number.NaN));
}
