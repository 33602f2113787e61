import { validation } from "@plinth/kernel/base";

export const MAX_VARIANTS = 200;
export const MAX_OPTIONS = 5;
export const MAX_OPTION_VALUES = 100;

/** In what the variants of a product differ. */
export interface ProductOption {
  readonly name: string;
  /** In the order to show them. */
  readonly values: readonly string[];
}

/** What is sold under a SKU. Its place in the list is its position. */
export interface Variant {
  /** Unique in the tenant. */
  readonly sku: string;
  readonly title: string;
  /** Option → value. */
  readonly options: Readonly<Record<string, string>>;
  /** Null: the product's. */
  readonly weightGrams: number | null;
}

export interface VariantFault {
  /** Undefined: all of them together. */
  readonly index: number | undefined;
  readonly field: "" | "sku" | "options";
  readonly value: string;
  readonly problem: string;
}

/**
 * The options of these variants. Where `learns`, options and values that only variants name are added at the end, else they are
 * refused. Throws VALIDATION_ERROR with everything that does not fit.
 */
export function arrangedOptions(known: readonly ProductOption[], variants: readonly Variant[], learns: boolean): readonly ProductOption[] {
  const options = learns ? learnedOptions(known, variants) : known;
  const faults = [...optionFaults(options), ...variantFaults(options, variants).map(faultEntry)];
  if (faults.length > 0) throw validation(Object.fromEntries(faults));
  return options;
}

/** The same options, with the values of all variants among them; names are learned only where no option is known. */
export function learnedOptions(known: readonly ProductOption[], variants: readonly Variant[]): ProductOption[] {
  const values = new Map(known.map(({ name, values }) => [name, new Set(values)]));
  for (const { options } of variants) {
    for (const [name, value] of Object.entries(options)) {
      if (known.length === 0 && !values.has(name)) values.set(name, new Set());
      values.get(name)?.add(value);
    }
  }
  return [...values].map(([name, known]) => ({ name, values: [...known] }));
}

/** Field → problem. */
export function optionFaults(options: readonly ProductOption[]): [string, string][] {
  const faults: [string, string][] = [];
  if (options.length > MAX_OPTIONS) faults.push(["options", `are ${options.length}; a product has at most ${MAX_OPTIONS}`]);
  const names = options.map(({ name }) => name);
  for (const [index, { name, values }] of options.entries()) {
    if (names.indexOf(name) !== index) faults.push([`options[${index}].name`, `"${name}" is there already; name each option once`]);
    if (values.length > MAX_OPTION_VALUES) {
      faults.push([`options[${index}].values`, `are ${values.length}; an option has at most ${MAX_OPTION_VALUES}`]);
    }
  }
  return faults;
}

/** Everything in which variants do not fit their product or each other. */
export function variantFaults(options: readonly ProductOption[], variants: readonly Variant[]): VariantFault[] {
  const faults: VariantFault[] = [];
  if (variants.length === 0) faults.push({ index: undefined, field: "", value: "", problem: "are missing; a product has at least one" });
  if (variants.length > MAX_VARIANTS) {
    const problem = `are ${variants.length}; a product has at most ${MAX_VARIANTS}`;
    faults.push({ index: undefined, field: "", value: String(variants.length), problem });
  }
  const skus = new Map<string, number>();
  const choices = new Map<string, string>();
  for (const [index, variant] of variants.entries()) {
    const { sku } = variant;
    if (skus.has(sku)) faults.push({ index, field: "sku", value: sku, problem: `"${sku}" is there already; each variant has its own` });
    skus.set(sku, index);
    const problem = choiceFault(options, variant) ?? sameChoice(options, variant, choices);
    if (problem !== undefined) faults.push({ index, field: "options", value: JSON.stringify(variant.options), problem });
  }
  return faults;
}

function choiceFault(options: readonly ProductOption[], { options: chosen }: Variant): string | undefined {
  const names = options.map(({ name }) => name);
  const unknown = Object.keys(chosen).find((name) => !names.includes(name));
  if (unknown !== undefined) return `the product has no option "${unknown}"; it has ${names.join(", ") || "none"}`;
  for (const { name, values } of options) {
    if (!Object.hasOwn(chosen, name)) return `has no value for the option "${name}"; give one of ${shown(values)}`;
    const value = chosen[name] ?? "";
    if (!values.includes(value)) return `"${value}" is no value of the option "${name}"; give one of ${shown(values)}`;
  }
  return undefined;
}

function sameChoice(options: readonly ProductOption[], { sku, options: chosen }: Variant, seen: Map<string, string>): string | undefined {
  if (options.length === 0) return undefined;
  const choice = JSON.stringify(options.map(({ name }) => chosen[name]));
  const other = seen.get(choice);
  seen.set(choice, sku);
  return other === undefined ? undefined : `are those of ${other} too; change one of them`;
}

const SHOWN_VALUES = 10;

function shown(values: readonly string[]): string {
  return values.slice(0, SHOWN_VALUES).join(", ") + (values.length > SHOWN_VALUES ? " …" : "");
}

function faultEntry({ index, field, problem }: VariantFault): [string, string] {
  const item = index === undefined ? "variants" : `variants[${index}]`;
  return [field === "" ? item : `${item}.${field}`, problem];
}
