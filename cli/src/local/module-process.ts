import { once } from "node:events";
import { enableCompileCache } from "node:module";
import { handleSignals } from "@plinth/kernel/lifecycle";
import { createLogger } from "@plinth/kernel/logging";
import { describeFailure } from "../output/describe-failure.ts";
import { joinPlatform } from "./joined-module.ts";
import { DRAIN, type ModuleOrder, type ModuleReport } from "./module-messages.ts";

/** Runs the ordered module until SIGTERM, or until the parent is gone. */
async function main(): Promise<void> {
  enableCompileCache();
  const [order] = (await once(process, "message")) as [ModuleOrder];
  const logger = createLogger({ module: order.module, version: "", level: "warn", format: "readable", stream: process.stderr });
  let fatal = (): void => process.exit(1);
  const { ports, drain, stop } = await joinPlatform({ ...order, logger, onFatal: () => fatal() });
  fatal = () => void stop().finally(() => process.exit(1));
  handleSignals(stop, { logger });
  process.on("message", (message) => {
    if (message === DRAIN) void drain();
  });
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
