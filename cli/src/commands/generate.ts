import { generateCode } from "../local/generate-code.ts";
import { print } from "../output/print-list.ts";
import { findProject } from "../project.ts";

/** Makes the generated code of the project anew. */
export async function generate(): Promise<void> {
  const { modules, broken } = await generateCode(findProject());
  print(`proto/gen is up to date with the protos and the permissions of ${modules} modules.`);
  if (broken > 0) process.stderr.write(`${broken} module files are broken; their permissions are missing. See: plinth validate\n`);
}
