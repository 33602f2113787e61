import type { Logger } from "../logging/logger.ts";

export type Hook = () => Promise<void> | void;

export interface LifecycleOptions {
  readonly logger: Logger;
  /** Time for each stop step; what takes longer is logged and left behind. Default 30 s. */
  readonly stopTimeoutMs?: number;
}

/** The steps of one module's start and stop. */
export interface Lifecycle {
  /** A step of the start. Steps run one after another, in the order given; a running step may add more. */
  onStart(name: string, start: Hook): void;
  /**
   * A step of the stop, run in reverse order of giving. It runs only if the start step of the same name finished, unless it is given during the
   * start or no start step has its name: then there is something to undo from the moment it is given.
   */
  onStop(name: string, stop: Hook): void;
  /** Runs the start steps. When one fails, what was started is stopped in reverse and the error is thrown. A second call gives the same answer. */
  start(): Promise<void>;
  /**
   * Runs the stop steps, after the start step at hand if one runs. Each has its time, every error is logged, none keeps the next from running.
   * A second call gives the same answer.
   */
  stop(): Promise<void>;
}

interface Step {
  readonly name: string;
  readonly run: Hook;
}

interface StopStep extends Step {
  readonly givenDuringStart: boolean;
}

/** Several may live in one process: nothing here touches the process itself. */
export function createLifecycle({ logger, stopTimeoutMs = 30_000 }: LifecycleOptions): Lifecycle {
  const starts: Step[] = [];
  const stops: StopStep[] = [];
  const started = new Set<string>();
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  let currentStep: Promise<void> | undefined;

  async function runStart(): Promise<void> {
    for (let index = 0; index < starts.length; index++) {
      if (stopping !== undefined) throw new Error("Stopped before the start was finished.");
      const { name, run } = starts[index] as Step;
      currentStep = Promise.resolve().then(run);
      try {
        await currentStep;
        started.add(name);
      } catch (error) {
        logger.error("start failed", { step: name, error });
        currentStep = undefined;
        await stop();
        throw error;
      }
      currentStep = undefined;
    }
  }

  async function runStop(): Promise<void> {
    // A failed step is told of by `start`.
    await currentStep?.catch(() => undefined);
    const named = new Set(starts.map(({ name }) => name));
    for (const { name, run, givenDuringStart } of stops.toReversed()) {
      if (givenDuringStart || started.has(name) || !named.has(name)) await runLimited(name, run);
    }
  }

  async function runLimited(name: string, run: Hook): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(resolve, stopTimeoutMs, "late");
    });
    try {
      if ((await Promise.race([Promise.resolve().then(run), late])) === "late") {
        logger.error("stop step took too long and is left behind", { step: name, limit_ms: stopTimeoutMs });
      }
    } catch (error) {
      logger.error("stop step failed", { step: name, error });
    } finally {
      clearTimeout(timer);
    }
  }

  function stop(): Promise<void> {
    stopping ??= runStop();
    return stopping;
  }

  return {
    onStart: (name, run) => void starts.push({ name, run }),
    onStop: (name, run) => void stops.push({ name, run, givenDuringStart: currentStep !== undefined }),
    start() {
      starting ??= runStart();
      return starting;
    },
    stop,
  };
}
