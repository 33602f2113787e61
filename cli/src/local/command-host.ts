import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@plinth/kernel/logging";
import type { Module } from "@plinth/module";
import type { Project } from "../project.ts";
import type { Foundation } from "./foundation.ts";
import { exitOf, keepRunning, type Launched } from "./kept-running.ts";
import { LOCAL_HOST, localFolders } from "./local-place.ts";
import type { ModuleHost } from "./module-host.ts";
import { onPath } from "./on-path.ts";

/** How often a new process is asked whether it serves. */
const ASK_EVERY_MS = 25;
/** As in a cluster. */
const DEFAULT_STARTUP_SECONDS = 60;

export interface CommandHostOptions {
  readonly project: Project;
  readonly foundation: Pick<Foundation, "discovery">;
  readonly logger: Logger;
}

/**
 * Runs modules that are a command of their own (`spec.command`) as what they say, in the project's folder, which is the image's working folder in
 * a cluster; all others run where `host` runs them. A command is told its port by `PORT`, and gets its secrets as variables.
 */
export function commandHost({ project, foundation, logger }: CommandHostOptions, host: ModuleHost): ModuleHost {
  return {
    async start(module) {
      if (module.spec.command === undefined) return host.start(module);
      const { name } = module.metadata;
      const port = httpPortOf(module, process.env);
      const kept = await keepRunning(name, () => launch(module, port, project), logger);
      const instance = { id: `${name}-command`, host: LOCAL_HOST, httpPort: port ?? 0, grpcPort: 0, version: module.spec.version };
      if (port !== undefined) await foundation.discovery.register(name, instance);
      return {
        ports: { http: port, grpc: undefined },
        drain: async () => {},
        async stop() {
          if (port !== undefined) await foundation.discovery.deregister(name, instance.id);
          await kept.stop();
        },
      };
    },
  };
}

/** Its declared port, or that of `<NAME>_SERVER_HTTP_ADDR`, by which every module's port is moved. */
function httpPortOf({ metadata, spec }: Module, env: NodeJS.ProcessEnv): number | undefined {
  const moved = env[`${metadata.name.toUpperCase().replaceAll("-", "_")}_SERVER_HTTP_ADDR`];
  return moved === undefined ? spec.ports?.http : Number(moved.slice(moved.lastIndexOf(":") + 1));
}

/** Resolves when it serves. */
async function launch(module: Module, port: number | undefined, project: Project): Promise<Launched> {
  const { name } = module.metadata;
  const { command = [], args = [], health } = module.spec;
  const [program = "", ...rest] = [...command, ...args];
  const call = [program === "node" ? process.execPath : program, ...rest];
  // Who starts anew after the platform was killed must find the port free. A group of its own: Ctrl-C reaches the platform alone, which stops the
  // modules in their order.
  const [file = "", ...words] = onPath("setpriv") ? ["setpriv", "--pdeathsig", "TERM", ...call] : call;
  const child = spawn(file, words, {
    cwd: project.root,
    env: environmentOf(module, port, project),
    stdio: ["ignore", "ignore", "inherit"],
    detached: true,
  });
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (error) => reject(new Error(`Module ${name}: ${program} cannot be run: ${error.message}`)));
    child.once("exit", (code, signal) => reject(new Error(`Module ${name} ended before it served (${signal ?? `exit ${code}`}).`)));
  });
  failed.catch(() => {});
  const untilLate = AbortSignal.timeout((health?.startupSeconds ?? DEFAULT_STARTUP_SECONDS) * 1000);
  const asking = new AbortController();
  const signal = AbortSignal.any([untilLate, asking.signal]);
  try {
    if (port !== undefined) await Promise.race([serves(`http://${LOCAL_HOST}:${port}${health?.path ?? "/"}`, signal), failed]);
  } catch (error) {
    asking.abort();
    if (child.pid !== undefined) {
      child.kill("SIGTERM");
      await exitOf(child);
    }
    throw untilLate.aborted ? new Error(`Module ${name} did not answer at ${health?.path ?? "/"} of port ${port} in time.`) : error;
  }
  return { child };
}

async function serves(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const answer = await fetch(url, { signal }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await delay(ASK_EVERY_MS, undefined, { signal });
  }
}

/** What surrounds the platform wins over the module's file, as it does for every other configuration. */
function environmentOf({ spec }: Module, port: number | undefined, project: Project): NodeJS.ProcessEnv {
  const declared = (spec.env ?? []).map(({ name, value }) => [name, value]);
  const secrets = (spec.secrets ?? []).flatMap(({ name }) => {
    const file = join(localFolders(project.dataFolder).secrets, name);
    return existsSync(file) ? [[name, readFileSync(file, "utf8").trim()]] : [];
  });
  const known = { ...Object.fromEntries([...declared, ...secrets]), ...process.env };
  return { ...known, ...(port === undefined ? {} : { PORT: String(port), HOST: LOCAL_HOST }) };
}
