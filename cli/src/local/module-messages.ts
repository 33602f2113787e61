import type { Project } from "../project.ts";
import type { RunningModule } from "./module-host.ts";

/** What the parent tells a module's process, once. */
export interface ModuleOrder {
  readonly module: string;
  readonly project: Project;
  /** In the module's service role. */
  readonly databaseUrl: string | undefined;
}

/** What the module's process answers, once. */
export type ModuleReport =
  | { readonly kind: "ready"; readonly ports: RunningModule["ports"] }
  | { readonly kind: "failed"; readonly message: string };

/** What the parent tells before the first of its modules stops. */
export const DRAIN = "drain";
