import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { EntitySchema } from "typeorm";
import type { Service } from "./service.ts";

/** Builds a module's stores and handlers, and hooks them to what the service is given. */
export type ServiceSetup<ModuleConfig> = (service: Service<ModuleConfig>) => Promise<void> | void;

/** What a module's `src/index.ts` exports as its default. */
export interface ServiceDefinition<ModuleConfig = Record<string, unknown>> {
  /** The module's folder: the one with its `module.yaml`, `migrations/` and `config/`. */
  readonly folder: string;
  /** Entities of the module's stores. */
  readonly entities: readonly EntitySchema[];
  readonly setup: ServiceSetup<ModuleConfig>;
}

/**
 * Defines a service. Nothing runs until a place starts it: `plinth up`, `plinth run`, or a test.
 * @param entryUrl `import.meta.url` of the module's `src/index.ts`.
 */
export function defineService<ModuleConfig = Record<string, unknown>>(
  entryUrl: string,
  setup: ServiceSetup<ModuleConfig>,
  options: { entities?: readonly EntitySchema[] } = {},
): ServiceDefinition<ModuleConfig> {
  return { folder: dirname(dirname(fileURLToPath(entryUrl))), entities: options.entities ?? [], setup };
}
