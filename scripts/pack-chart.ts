/**
 * Puts beside the chart what it holds besides its own files: services/<name>/module.yaml as files/modules/<name>.yaml, and those of the simulators as
 * files/simulators/<name>.yaml, by the modules' names. They are not committed: the folders' files are the source, and the chart says so where they are
 * missing. Files that are right already keep their times: skaffold would otherwise take each of its deployments for a change of the chart, and deploy again.
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseModuleFiles } from "@plinth/module";

const root = new URL("../", import.meta.url);

await pack(new URL("services/", root), new URL("charts/plinth/files/modules/", root));
await pack(new URL("simulators/", root), new URL("charts/plinth/files/simulators/", root));

async function pack(folders: URL, packed: URL): Promise<void> {
  await mkdir(packed, { recursive: true });
  const stale = new Set(await readdir(packed));
  let count = 0;
  for (const { name: folder } of (await readdir(folders, { withFileTypes: true })).filter((entry) => entry.isDirectory())) {
    const source = new URL(`${folder}/module.yaml`, folders);
    const text = await find(source);
    if (text === undefined) continue;
    const { modules, drafts } = parseModuleFiles([{ file: fileURLToPath(source), text }]);
    const name = [...modules, ...drafts][0]?.metadata.name ?? folder;
    const file = new URL(`${name}.yaml`, packed);
    if (text !== (await find(file))) await writeFile(file, text);
    stale.delete(`${name}.yaml`);
    count++;
  }
  for (const name of stale) await rm(new URL(name, packed), { recursive: true });
  process.stdout.write(`${fileURLToPath(packed)} holds ${count} modules.\n`);
}

async function find(file: URL): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
