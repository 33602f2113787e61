import type { Place } from "@plinth/kernel/service";
import type { Module } from "@plinth/module";
import { runModule } from "./module-runner.ts";

/** A module that was started. */
export interface RunningModule {
  readonly ports: { readonly http: number | undefined; readonly grpc: number | undefined };
  /** Ends streams that have no end: before the first of several modules stops. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/** Where modules run. */
export interface ModuleHost {
  start(module: Module): Promise<RunningModule>;
}

/** All modules in this process. */
export function inProcessHost(place: Place, folderOf: (module: string) => string): ModuleHost {
  return { start: (module) => runModule(module, folderOf(module.metadata.name), place) };
}
