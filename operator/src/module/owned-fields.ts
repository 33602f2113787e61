/** Fields by which the entries of a list of objects are told apart, as in the API server's schemas; the first that all entries have counts. */
const LIST_KEYS = ["name", "uid", "mountPath", "containerPort", "port", "key", "ip", "topologyKey", "type"] as const;

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
 * writes in another form but means the same is the same.
 */
export function hasOwnedFields(desired: unknown, live: unknown): boolean {
  if (desired === live) return true;
  if (isEmpty(desired)) return isEmpty(live) || (typeof desired === "object" && desired !== null && !Array.isArray(desired));
  if (Array.isArray(desired)) return Array.isArray(live) && hasEntries(desired, live);
  if (typeof desired === "object" && desired !== null) {
    if (typeof live !== "object" || live === null || Array.isArray(live)) return false;
    return Object.entries(desired).every(([key, value]) => hasOwnedFields(value, (live as Record<string, unknown>)[key]));
  }
  return isSameScalar(desired, live);
}

function hasEntries(desired: readonly unknown[], live: readonly unknown[]): boolean {
  const key = LIST_KEYS.find((name) => desired.every((entry) => typeof entry === "object" && entry !== null && name in entry));
  if (key === undefined) return desired.length === live.length && desired.every((entry, index) => hasOwnedFields(entry, live[index]));
  const rest = [...live];
  return desired.every((entry) => {
    // Two entries may have the same key, as a port by TCP and by UDP.
    const index = rest.findIndex((other) => hasOwnedFields(entry, other));
    if (index !== -1) rest.splice(index, 1);
    return index !== -1;
  });
}

function isSameScalar(desired: unknown, live: unknown): boolean {
  if ((typeof desired !== "string" && typeof desired !== "number") || (typeof live !== "string" && typeof live !== "number")) return false;
  const [one, other] = [quantity(desired), quantity(live)];
  return one !== undefined && other !== undefined && Math.abs(one - other) <= Math.abs(one) * 1e-9;
}

function quantity(value: string | number): number | undefined {
  const [, amount, unit] = QUANTITY.exec(String(value)) ?? [];
  return amount === undefined ? undefined : Number(amount) * (unit === undefined ? 1 : (UNITS[unit] ?? Number.NaN));
}

/** The API server drops what is empty, and does not write what is zero where that is the default. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
