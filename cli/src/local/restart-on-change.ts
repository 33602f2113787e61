import { existsSync, watch } from "node:fs";
import { join, sep } from "node:path";
import type { Logger } from "@plinth/kernel/logging";
import type { Project } from "../project.ts";
import type { Platform } from "./platform.ts";

/** Editors write a file in several steps, and "save all" several files. */
const SETTLE_MS = 80;

/** Rooms whose code runs in every module. */
const SHARED = ["kernel", "module", "proto"];

const SOURCE = /\.(ts|js|json|yaml)$/;

/** Restarts a module when a file in its folder changes, and all when the code below them does. The answer ends it. */
export function restartOnChange(project: Project, platform: Platform, logger: Logger): () => void {
  const changed = new Set<string | undefined>();
  let timer: NodeJS.Timeout | undefined;
  const note = (module: string | undefined): void => {
    changed.add(module);
    clearTimeout(timer);
    timer = setTimeout(restart, SETTLE_MS);
  };
  const restart = (): void => {
    const names = [...changed];
    changed.clear();
    if (names.includes(undefined)) void platform.restart();
    else for (const name of names) void platform.restart(name);
    logger.warn("files changed; restarting", { modules: names.map((name) => name ?? "all").join(", ") });
  };
  const watchers = [
    watch(project.servicesFolder, { recursive: true }, (_event, file) => {
      // module.yaml is followed by whoever needs it; a test's change concerns nobody who runs.
      if (file === null || !SOURCE.test(file) || file.endsWith(".test.ts") || file.endsWith("module.yaml")) return;
      const [module] = file.split(sep);
      if (module !== undefined && !file.includes(`node_modules${sep}`)) note(module);
    }),
    ...SHARED.map((room) => join(project.root, room))
      .filter((folder) => existsSync(folder))
      .map((folder) =>
        watch(folder, { recursive: true }, (_event, file) => {
          if (file !== null && SOURCE.test(file) && !file.endsWith(".test.ts")) note(undefined);
        }),
      ),
  ];
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
