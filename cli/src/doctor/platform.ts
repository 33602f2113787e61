import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFileDiscovery } from "@plinth/kernel/discovery";
import { findRunningPostgres, startEmbeddedPostgres } from "@plinth/kernel/embedded";
import { silentLogger } from "@plinth/kernel/logging";
import { healthOf } from "../local/health-of.ts";
import { LOCAL_HOST, localFolders } from "../local/local-place.ts";
import type { ReadModules } from "../local/read-modules.ts";
import { describeFailure } from "../output/describe-failure.ts";
import type { Project } from "../project.ts";
import { type Finding, fail, ok } from "./finding.ts";

export function checkModules({ all, resolution: { rejected, waiting } }: ReadModules): Finding {
  const wrong = [...rejected, ...waiting].map(({ module }) => module || "(unnamed)");
  return wrong.length === 0
    ? ok(`${all.length} module files are right`)
    : fail(`these modules cannot start: ${wrong.join(", ")}`, "plinth validate");
}

/** Ports are free, or held by the module that they belong to. */
export async function checkPorts({ all }: ReadModules, { dataFolder }: Project): Promise<Finding> {
  const discovery = await openFileDiscovery(localFolders(dataFolder).instances, silentLogger);
  try {
    const taken: string[] = [];
    for (const {
      metadata: { name },
      spec,
    } of all) {
      const health = await Promise.all(discovery.instances(name).map(healthOf));
      if (health.some((each) => each !== "gone")) continue;
      for (const port of [spec.ports?.http, spec.ports?.grpc])
        if (port !== undefined && !(await isFree(port))) taken.push(`${port} of ${name}`);
    }
    return taken.length === 0
      ? ok("the modules' ports are free, or theirs")
      : fail(`other programs listen on ${taken.join(", ")}`, "stop them, or give the modules other ports; lsof -i :<port> tells who it is");
  } finally {
    await discovery.close();
  }
}

/** Postgres runs, or starts: on an empty folder, to leave the data alone. */
export async function checkPostgres({ dataFolder }: Project): Promise<Finding> {
  const running = await findRunningPostgres(localFolders(dataFolder).postgres);
  if (running !== undefined) return ok(`Postgres runs on port ${new URL(running).port}`);
  const folder = await mkdtemp(join(tmpdir(), "plinth-doctor-"));
  try {
    const startedAt = performance.now();
    const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, "postgres"), fast: true });
    await postgres.stop();
    return ok(`Postgres starts (made, started and stopped in ${Math.round(performance.now() - startedAt)} ms)`);
  } catch (error) {
    return fail("Postgres does not start", describeFailure(error));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((accept) => {
    const server = createServer();
    server.once("error", () => accept(false));
    server.listen(port, LOCAL_HOST, () => server.close(() => accept(true)));
  });
}
