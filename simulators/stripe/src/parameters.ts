import { invalidRequest } from "./stripe-error.ts";

/** Parameters as Stripe takes them: `metadata[order]=1&expand[]=latest_charge`, nested as deep as they are. */
export type Parameters = { readonly [name: string]: string | readonly string[] | Parameters };

type Growing = { [name: string]: string | string[] | Growing };

export function parseParameters(text: string): Parameters {
  const root: Growing = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) put(root, name, value);
  return root;
}

function put(root: Growing, name: string, value: string): void {
  const path = [name.replace(/\[.*$/s, ""), ...[...name.matchAll(/\[([^\]]*)\]/g)].map((match) => match[1] ?? "")];
  let place = root;
  for (const [depth, step] of path.entries()) {
    const next = path[depth + 1];
    if (next === undefined) place[step] = value;
    // A list: `expand[]` and `expand[0]`.
    else if (/^\d*$/.test(next) && depth + 2 === path.length) {
      const list = place[step];
      place[step] = Array.isArray(list) ? [...list, value] : [value];
      return;
    } else {
      const inner = place[step];
      const made: Growing = typeof inner === "object" && !Array.isArray(inner) ? inner : Object.create(null);
      place[step] = made;
      place = made;
    }
  }
}

export function textOf(parameters: Parameters, name: string): string | undefined {
  const value = parameters[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function neededText(parameters: Parameters, name: string): string {
  const value = textOf(parameters, name);
  if (value === undefined) throw invalidRequest(`Missing required param: ${name}.`, { code: "parameter_missing", param: name });
  return value;
}

export function integerOf(parameters: Parameters, name: string): number | undefined {
  const value = textOf(parameters, name);
  if (value === undefined) return undefined;
  if (!/^\d{1,12}$/.test(value)) throw invalidRequest(`Invalid integer: ${value}`, { code: "parameter_invalid_integer", param: name });
  return Number(value);
}

export function innerOf(parameters: Parameters, name: string): Parameters {
  const value = parameters[name];
  return typeof value === "object" && !Array.isArray(value) ? (value as Parameters) : {};
}

export function listOf(parameters: Parameters, name: string): readonly string[] {
  const value = parameters[name];
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

/** Flat texts: metadata. */
export function textsOf(parameters: Parameters, name: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(innerOf(parameters, name)).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
