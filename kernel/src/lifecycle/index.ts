export { createLifecycle, type Hook, type Lifecycle, type LifecycleOptions } from "./lifecycle.ts";
export { handleSignals, type SignalOptions, type SignalTarget } from "./signals.ts";
