import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@plinth/kernel/logging";
import type { ModuleSet } from "@plinth/kernel/modules";
import { permissionRegistry } from "@plinth/module";
import type { DeclaredAccess } from "../domain/declared-access.ts";
import { covers } from "../domain/permission-pattern.ts";
import type { KnowsPermission } from "../domain/role.ts";

export interface ModuleFollower {
  /** Whether a module declares the permission, or one that the wildcard holds. */
  readonly knows: KnowsPermission;
  /** Stores what modules declare now, and again after each change. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/** Keeps permissions and roles as the set of modules declares them. */
export function followModules(modules: ModuleSet, save: (declared: DeclaredAccess) => Promise<void>, logger: Logger): ModuleFollower {
  const closing = new AbortController();
  let registry = permissionRegistry(modules.current.modules);
  let unfollow = (): void => {};
  let saving: Promise<void> | undefined;
  let again = false;

  /** A change during a writing is written after it; one that cannot be written is tried until it can. */
  async function saveAll(): Promise<void> {
    try {
      for (let pauseMs = FIRST_PAUSE_MS; !closing.signal.aborted; ) {
        again = false;
        try {
          await save(registry);
          if (!again) return;
          pauseMs = FIRST_PAUSE_MS;
        } catch (error) {
          logger.error("What the modules declare cannot be stored; trying again", { error, pauseMs });
          await delay(pauseMs, undefined, { signal: closing.signal }).catch(() => {});
          pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
        }
      }
    } finally {
      // In the same turn in which it was seen that nothing has changed: a change in between would be nobody's.
      saving = undefined;
    }
  }

  function changed(): void {
    registry = permissionRegistry(modules.current.modules);
    again = true;
    saving ??= saveAll();
  }

  return {
    knows: (pattern) => registry.permissions.some(({ code }) => covers(pattern, code)),
    async start() {
      unfollow = modules.onChange(changed);
      await save(registry);
    },
    async stop() {
      unfollow();
      closing.abort();
      await saving;
    },
  };
}
