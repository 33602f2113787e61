import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Whether the shell would find the program. */
export function onPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, program)));
}
