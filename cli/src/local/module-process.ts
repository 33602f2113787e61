import { once } from "node:events";
import { enableCompileCache } from "node:module";
import { handleSignals } from "@plinth/kernel/lifecycle";
import { createLogger } from "@plinth/kernel/logging";
import { describeFailure } from "../output/describe-failure.ts";
import type { Project } from "../project.ts";
import { joinPlatform } from "./joined-module.ts";
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

/** Runs the ordered module until SIGTERM, or until the parent is gone. */
async function main(): Promise<void> {
  enableCompileCache();
  const [order] = (await once(process, "message")) as [ModuleOrder];
  const logger = createLogger({ module: order.module, version: "", level: "warn", format: "readable", stream: process.stderr });
  let fatal = (): void => process.exit(1);
  const { ports, stop } = await joinPlatform({ ...order, logger, onFatal: () => fatal() });
  fatal = () => void stop().finally(() => process.exit(1));
  handleSignals(stop, { logger });
  // The parent was killed: whoever starts anew must find the ports free.
  process.once("disconnect", () => void stop().finally(() => process.exit(0)));
  report({ kind: "ready", ports });
}

function report(message: ModuleReport): void {
  process.send?.(message);
}

main().catch((error: unknown) => {
  report({ kind: "failed", message: describeFailure(error) });
  process.exitCode = 1;
  process.disconnect();
});
