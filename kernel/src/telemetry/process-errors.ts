import type { ErrorBus } from "./error-bus.ts";

/** The part of `process` that is needed. */
export interface ProcessErrorTarget {
  on(event: "uncaughtException" | "unhandledRejection", listener: (error: unknown) => void): unknown;
  off(event: "uncaughtException" | "unhandledRejection", listener: (error: unknown) => void): unknown;
}

export interface ProcessErrorOptions {
  readonly bus: ErrorBus;
  /** Called after an uncaught exception was reported: the process is in an unknown state and should stop, in order if it can. */
  readonly onFatal: (error: unknown) => void;
  /** Defaults to this process. */
  readonly target?: ProcessErrorTarget;
}

interface Installed {
  /** The oldest first. Only that one is told, or one error would be logged by every module. */
  readonly owners: ProcessErrorOptions[];
  readonly detach: () => void;
}

const installedOn = new WeakMap<ProcessErrorTarget, Installed>();

/** A sink that hangs must not keep a broken process alive. */
const FLUSH_LIMIT_MS = 1000;

/**
 * Leads uncaught exceptions and rejections to the error bus. A rejection that nobody handled is a bug of one request and is
 * reported; an uncaught exception is fatal. The listeners are set once per process and whoever came first is told; the answer takes
 * the call back.
 */
export function catchProcessErrors(options: ProcessErrorOptions): () => void {
  const target = options.target ?? process;
  const installed = installedOn.get(target) ?? attach(target);
  installed.owners.push(options);
  return () => {
    const index = installed.owners.indexOf(options);
    if (index >= 0) installed.owners.splice(index, 1);
    if (installed.owners.length === 0) installed.detach();
  };
}

function attach(target: ProcessErrorTarget): Installed {
  const owners: ProcessErrorOptions[] = [];
  const onRejection = (error: unknown) => owners[0]?.bus.report(error, { source: "unhandledRejection" });
  const onException = (error: unknown) => {
    const owner = owners[0];
    if (owner === undefined) return;
    owner.bus.report(error, { source: "uncaughtException" });
    const limit = new Promise<void>((resolve) => setTimeout(resolve, FLUSH_LIMIT_MS).unref());
    void Promise.race([owner.bus.flush(), limit]).finally(() => owner.onFatal(error));
  };
  target.on("unhandledRejection", onRejection);
  target.on("uncaughtException", onException);
  const installed = {
    owners,
    detach() {
      installedOn.delete(target);
      target.off("unhandledRejection", onRejection);
      target.off("uncaughtException", onException);
    },
  };
  installedOn.set(target, installed);
  return installed;
}
