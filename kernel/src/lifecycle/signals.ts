import type { Logger } from "../logging/logger.ts";

/** The part of `process` that signals need. */
export interface SignalTarget {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): unknown;
}

export interface SignalOptions {
  readonly logger: Logger;
  /** Defaults to this process. */
  readonly target?: SignalTarget;
}

const SIGNALS = ["SIGTERM", "SIGINT"] as const;
const NUMBER_OF = { SIGTERM: 15, SIGINT: 2 } as const;

/**
 * On SIGTERM or SIGINT calls `stop` and then leaves with code 0 (1 when it fails); a second signal leaves at once, with 128 and the
 * signal's number as shells count. For whoever owns the process, once, however many modules run in it. The answer takes it back.
 */
export function handleSignals(stop: () => Promise<void>, { logger, target = process }: SignalOptions): () => void {
  let stopping = false;

  function onSignal(signal: NodeJS.Signals): void {
    if (stopping) {
      target.exit(128 + NUMBER_OF[signal as (typeof SIGNALS)[number]]);
      return;
    }
    stopping = true;
    logger.info("stopping", { signal });
    stop().then(
      () => target.exit(0),
      (error: unknown) => {
        logger.error("stop failed", { error });
        target.exit(1);
      },
    );
  }

  for (const signal of SIGNALS) target.on(signal, onSignal);
  return () => {
    for (const signal of SIGNALS) target.off(signal, onSignal);
  };
}
