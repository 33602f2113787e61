import { createKubeClient, type KubeClient } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { createTracing } from "@plinth/kernel/telemetry";
import { createModuleController } from "../../module-controller.ts";
import { DEFAULT_SETTINGS } from "../../settings.ts";
import type { OperatorProcess, OperatorProcessOptions } from "./operator-process.ts";

/**
 * An operator in this process, which dies as one of its own does: none of its requests goes out any more, those on their way arrive or do not, and it hears
 * no answer. It costs no start of a process, so that there can be hundreds of deaths.
 */
export async function startOperatorHere({ cluster, server, namespace }: OperatorProcessOptions): Promise<OperatorProcess> {
  let starts = 0;
  const failures: string[] = [];
  let current = start();

  function start(): { end: () => Promise<void> } {
    starts++;
    const { ca = "" } = cluster.adminCredentials.tls;
    const connection = cluster.connect({ server, credentials: { tls: { ca }, headers: {} } });
    const alive = new AbortController();
    const logger = {
      ...silentLogger,
      child: () => logger,
      warn: (message: string, fields?: object) => note(message, fields),
      error: (message: string, fields?: object) => note(message, fields),
    };
    function note(message: string, fields: object = {}): void {
      const { error } = fields as { error?: unknown };
      failures.push(`${message} ${error instanceof Error ? error.message : JSON.stringify(fields)}`);
    }
    const living = createKubeClient(connection, { logger });
    const never = new Promise<never>(() => {});
    const client: KubeClient = {
      ...living,
      // Whatever the dead waits for does not come.
      request: (request) =>
        alive.signal.aborted
          ? never
          : living.request(request).then(
              (answer) => (alive.signal.aborted ? never : (answer as never)),
              (error: unknown) => (alive.signal.aborted ? never : Promise.reject(error)),
            ),
    };
    const controller = createModuleController({
      client,
      writing: client,
      settings: DEFAULT_SETTINGS,
      settingsHash: "chaos",
      namespaces: [namespace],
      recorder: { record: () => {} },
      tracing: createTracing({ module: "operator", version: "0.0.0", exporter: "none", ratio: 0 }),
      logger,
      signal: alive.signal,
    });
    controller.run(alive.signal, alive.signal).catch(() => undefined);
    return {
      async end() {
        alive.abort();
        await connection.close();
      },
    };
  }

  async function again(): Promise<void> {
    await current.end();
    current = start();
  }

  return {
    get starts() {
      return starts;
    },
    kill: again,
    restart: again,
    stop: () => current.end(),
    logTail: () => failures.slice(-10).join("\n"),
  };
}
