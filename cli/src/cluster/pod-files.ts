import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Folders that the operator mounts into the pods of modules and of their Jobs. */
export interface PodFolders {
  /** `<callee>`: a service token for calls to it. */
  readonly tokens: string;
  /** `<NAME>`: a secret. */
  readonly secrets: string;
  /** `url`: in the module's service role. */
  readonly database: string;
  /** `url`: in the role that owns the schema. Jobs only. */
  readonly owner: string;
  /** `url`: as administrator. The step that makes roles and schema only. */
  readonly administrator: string;
}

/** Below `/var/run/plinth`, or wherever a test has put it. */
export function podFolders(root = "/var/run/plinth"): PodFolders {
  return {
    tokens: join(root, "tokens"),
    secrets: join(root, "secrets"),
    database: join(root, "database"),
    owner: join(root, "database-owner"),
    administrator: join(root, "database-administrator"),
  };
}

/** The URL in a folder. Throws where nothing is mounted, and says what it is for. */
export function getUrl(folder: string, what: string): string {
  const file = join(folder, "url");
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error(`${file} is not there: ${what}. The operator mounts it from a Secret.`);
  }
}
