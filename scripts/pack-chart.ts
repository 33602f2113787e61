/**
 * Puts beside the chart what it holds besides its own files: services/<name>/module.yaml as files/modules/<name>.yaml. They are not committed:
 * the services' files are the source, and the chart says so where they are missing. Files that are right already keep their times: skaffold would
 * otherwise take each of its deployments for a change of the chart, and deploy again.
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const services = new URL("../services/", import.meta.url);
const packed = new URL("../charts/plinth/files/modules/", import.meta.url);

await mkdir(packed, { recursive: true });
const stale = new Set(await readdir(packed));
let count = 0;
for (const { name } of (await readdir(services, { withFileTypes: true })).filter((entry) => entry.isDirectory())) {
  const module = await find(new URL(`${name}/module.yaml`, services));
  if (module === undefined) continue;
  const file = new URL(`${name}.yaml`, packed);
  if (module !== (await find(file))) await writeFile(file, module);
  stale.delete(`${name}.yaml`);
  count++;
}
for (const name of stale) await rm(new URL(name, packed), { recursive: true });
process.stdout.write(`${fileURLToPath(packed)} holds ${count} modules.\n`);

async function find(file: URL): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
