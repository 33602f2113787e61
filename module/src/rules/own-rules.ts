import type { Report } from "../finding.ts";
import type { Module } from "../schema/module.ts";
import { checkConfig } from "./config.ts";
import { checkOwnEvents } from "./own-events.ts";
import { checkOwnPermissions } from "./own-permissions.ts";
import { checkOwnRoutes } from "./own-routes.ts";
import { checkReferences } from "./references.ts";
import { checkVersions } from "./versions.ts";
import { checkWorkload } from "./workload.ts";

/** Every rule that one module alone can break, beyond the form of its fields. */
export function checkOwnRules(module: Module, report: Report): void {
  checkVersions(module, report);
  checkReferences(module, report);
  checkWorkload(module, report);
  checkOwnEvents(module, report);
  checkOwnPermissions(module, report);
  checkOwnRoutes(module, report);
  checkConfig(module, report);
}
