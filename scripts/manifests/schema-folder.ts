import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startTestCluster } from "@plinth/kernel/test-cluster";
import { CACHE } from "../components/cache.ts";
import { openApiSchemas } from "./openapi-schemas.ts";

/** The folder with a JSON Schema for each kind of the API server that PLINTH_KUBE_APISERVER names: asked for once a version, then cached. */
export async function schemaFolder(): Promise<string> {
  const version = execFileSync(process.env.PLINTH_KUBE_APISERVER ?? "kube-apiserver", ["--version"], { encoding: "utf8" })
    .trim()
    .split(" ")
    .at(-1);
  const folder = join(CACHE, "kube-schemas", version ?? "unknown");
  if (existsSync(folder)) return folder;
  const cluster = await startTestCluster();
  try {
    const made = `${folder}.${process.pid}`;
    await mkdir(made, { recursive: true });
    for (const [name, schema] of await openApiSchemas(cluster.client)) await writeFile(join(made, name), JSON.stringify(schema));
    await rename(made, folder);
  } finally {
    await cluster.stop();
  }
  return folder;
}
