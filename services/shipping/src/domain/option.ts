import { notFound, type PlinthError } from "@plinth/kernel/base";
import type { Calculator } from "./calculator.ts";

/** What an option costs in a zone. */
export interface Rate {
  /** The zone's code. */
  readonly zone: string;
  readonly calculator: Calculator;
}

/** A way to have goods sent. It is offered in the zones for which it has a rate. */
export interface Option {
  readonly id: string;
  readonly tenantId: string;
  /** Unique in the tenant. */
  readonly code: string;
  readonly name: string;
  readonly carrier: string;
  /** The carrier's service; empty: its cheapest one. */
  readonly carrierService: string;
  /** Working days on the way. */
  readonly minDays: number;
  readonly maxDays: number;
  /** 0: any weight. */
  readonly maxWeightGrams: bigint;
  readonly active: boolean;
  readonly rates: readonly Rate[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export const MAX_OPTIONS = 200;

export function optionNotFound(code: string): PlinthError {
  return notFound(`There is no option ${code}.`, { reason: "OPTION_NOT_FOUND", metadata: { option: code } });
}
