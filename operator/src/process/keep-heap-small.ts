import { setFlagsFromString } from "node:v8";

/** By how much the heap may grow over what lived at the last collection. V8's own choice is a multiple of it. */
const GROWTH_PERCENT = 20;

/**
 * Lets the collector look for garbage early: who reads whole lists and keeps little of them would otherwise hold what it read until the heap is several
 * times as large. It is asked at each collection, so that a running process can say it; `NODE_OPTIONS` does not take it.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
