import { type Calculator, calculate, type Goods } from "./calculator.ts";
import type { FulfillmentEntity } from "./fulfillment-entity.ts";
import type { Option } from "./option.ts";

/** What a quote is asked for. */
export interface QuoteRequest extends Goods {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** As it was written; empty: not known. */
  readonly postalCode: string;
  readonly warehouseIds: readonly string[];
  /** Only this option; empty: all. */
  readonly optionCode: string;
}

/** What is known of the destination, the options there, and of those who ship. */
export interface QuoteFacts {
  /** Code of the zone that the destination lies in; undefined: in none. */
  readonly zone: string | undefined;
  /** The active ones, with what they cost in that zone: undefined where they are not offered. */
  readonly options: readonly { readonly option: Omit<Option, "rates">; readonly calculator: Calculator | undefined }[];
  /** Those of the warehouses of which something was said. */
  readonly entities: readonly Pick<FulfillmentEntity, "name" | "carriers">[];
}

export interface OfferedOption {
  readonly option: Omit<Option, "rates">;
  readonly zone: string;
  readonly amount: bigint;
  readonly explanation: string;
}

export interface RefusedOption {
  readonly code: string;
  readonly name: string;
  /** A sentence for people. */
  readonly reason: string;
}

export interface Quote {
  /** Cheapest first, then the fastest. */
  readonly offered: readonly OfferedOption[];
  /** By code. */
  readonly refused: readonly RefusedOption[];
}

/** Which options the goods can be sent by, and why not by the others. */
export function quote(request: QuoteRequest, facts: QuoteFacts): Quote {
  const offered: OfferedOption[] = [];
  const refused: RefusedOption[] = [];
  for (const { option, calculator } of facts.options) {
    const answer = offer(request, facts, option, calculator);
    if ("refusal" in answer) refused.push({ code: option.code, name: option.name, reason: sentence(option.name, answer.refusal) });
    else offered.push(answer);
  }
  const { optionCode } = request;
  if (optionCode !== "" && facts.options.length === 0) {
    refused.push({ code: optionCode, name: "", reason: `There is no option ${optionCode}.` });
  }
  return { offered: offered.sort(cheapestFirst), refused: refused.sort(byCode) };
}

function offer(
  request: QuoteRequest,
  { zone, entities }: QuoteFacts,
  option: Omit<Option, "rates">,
  calculator: Calculator | undefined,
): OfferedOption | { readonly refusal: string } {
  if (zone === undefined) return { refusal: `no zone has ${request.country}` };
  if (calculator === undefined) return { refusal: `it is not offered in zone ${zone}` };
  const { carrier, maxWeightGrams } = option;
  if (maxWeightGrams > 0n && request.weightGrams > maxWeightGrams) {
    return { refusal: `it takes ${maxWeightGrams} g at most, and the goods weigh ${request.weightGrams} g` };
  }
  const without = entities.find(({ carriers }) => carriers.length > 0 && !carriers.includes(carrier));
  if (without !== undefined) return { refusal: `the carrier ${carrier} does not fetch parcels at ${without.name}` };
  const calculation = calculate(calculator, request);
  if ("refusal" in calculation) return calculation;
  return { option, zone, amount: calculation.amount, explanation: `In zone ${zone}: ${calculation.explanation}.` };
}

function sentence(name: string, refusal: string): string {
  return `${name} cannot be had: ${refusal}.`;
}

function cheapestFirst(left: OfferedOption, right: OfferedOption): number {
  if (left.amount !== right.amount) return left.amount < right.amount ? -1 : 1;
  return left.option.maxDays - right.option.maxDays || byCode(left.option, right.option);
}

function byCode(left: { readonly code: string }, right: { readonly code: string }): number {
  return left.code < right.code ? -1 : left.code > right.code ? 1 : 0;
}
