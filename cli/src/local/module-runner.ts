import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Place, type RunningService, type ServiceDefinition, startService } from "@plinth/kernel/service";
import type { Module } from "@plinth/module";

/** Imports a module's code. Throws where there is none, or where it exports something else. */
export async function loadService(module: string, folder: string): Promise<ServiceDefinition<unknown>> {
  const entry = join(folder, "src", "index.ts");
  if (!existsSync(entry)) throw new Error(`Module ${module} has no ${entry}; a service's code begins there.`);
  const { default: definition } = (await import(pathToFileURL(entry).href)) as { default?: Partial<ServiceDefinition<unknown>> };
  if (typeof definition?.setup !== "function") {
    throw new Error(`${entry} does not export a service; end it with "export default defineService(import.meta.url, (service) => {…})".`);
  }
  return definition as ServiceDefinition<unknown>;
}

/** Loads and starts one module in this process. */
export async function runModule(module: Module, folder: string, place: Place): Promise<RunningService> {
  return startService(await loadService(module.metadata.name, folder), module, place);
}
