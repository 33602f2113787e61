/**
 * Puts beside the chart what it holds besides its own files: services/<name>/module.yaml as files/modules/<name>.yaml. They are not committed:
 * the services' files are the source, and the chart says so where they are missing.
 */
import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const services = new URL("../services/", import.meta.url);
const packed = new URL("../charts/plinth/files/modules/", import.meta.url);

await rm(packed, { recursive: true, force: true });
await mkdir(packed, { recursive: true });
let count = 0;
for (const { name } of (await readdir(services, { withFileTypes: true })).filter((entry) => entry.isDirectory())) {
  try {
    await copyFile(new URL(`${name}/module.yaml`, services), new URL(`${name}.yaml`, packed));
    count++;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
process.stdout.write(`${fileURLToPath(packed)} holds ${count} modules.\n`);
