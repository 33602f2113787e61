import { existsSync } from "node:fs";
import { rotateModuleKeys } from "@plinth/kernel/identity";
import { localFolders } from "../local/local-place.ts";
import { findModule } from "../local/module-databases.ts";
import { readModules } from "../local/read-modules.ts";
import { printList } from "../output/print-list.ts";
import { findProject } from "../project.ts";
import { UsageError } from "../usage-error.ts";
import { type CallOptions, call } from "./call.ts";

export interface RotateOptions extends Pick<CallOptions, "token" | "address"> {
  readonly all?: boolean;
  readonly accessTokens?: boolean;
  readonly json?: boolean;
}

const ROTATE_TIMEOUT = "10s";

/**
 * Replaces the keys that modules sign their calls with, or the key that auth signs users' access tokens with. What the old
 * keys signed stays good until it expires, so nothing has to be restarted.
 */
export async function rotateKeys(module: string | undefined, options: RotateOptions): Promise<void> {
  const { all, accessTokens } = options;
  if ([module !== undefined, all === true, accessTokens === true].filter(Boolean).length !== 1)
    throw new UsageError("Say whose keys: plinth keys rotate blog, or --all modules, or --access-tokens of users.");
  if (accessTokens) {
    await call("plinth.auth.v1.AuthService/RotateKeys", undefined, { ...options, timeout: ROTATE_TIMEOUT });
    return;
  }
  const project = findProject();
  const modules = readModules(project).all;
  const names = module === undefined ? modules.map(({ metadata }) => metadata.name).sort() : [findModule(modules, module).metadata.name];
  const { identity } = localFolders(project.dataFolder);
  const withKeys = names.filter((name) => module !== undefined || existsSync(`${identity}/${name}`));
  const rotated = await Promise.all(withKeys.map(async (name) => ({ module: name, key: await rotateModuleKeys(identity, name) })));
  printList(
    rotated,
    [
      { title: "MODULE", value: (row) => row.module },
      { title: "KEY THAT SIGNS NOW", value: ({ key }) => key },
    ],
    { ...(options.json === undefined ? {} : { json: options.json }), empty: "No module has keys yet; they are made at the first start." },
  );
}
