/** A real single-node Kubernetes on this machine, without a container service and without an image registry: `npm run cluster -- up`. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CACHE, withLock } from "../components/cache.ts";
import { buildOfflineImages, OFFLINE_IMAGES } from "../images/build-images.ts";
import { down } from "./down.ts";
import { loadImages, wholeName } from "./images.ts";
import { clusterFrom } from "./settings.ts";
import { readState } from "./state.ts";
import { renderStatus, statusOf } from "./status.ts";
import { findPrograms, up } from "./up.ts";

const USAGE = `Usage: npm run cluster -- <command> [options]

  up               start a Kubernetes of one node, or mend the one that is there
  down             end it and leave the machine as it was
  status           what runs (exit code 1 when it is not up)
  load <image>…    copy images from buildah to the node

  --folder <path>  where its data lies (default ~/.cache/plinth/cluster; PLINTH_CLUSTER_FOLDER)
  --number <n>     0 to 9, to run several side by side (default 0; PLINTH_CLUSTER_NUMBER)
  --json           status as JSON
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { folder: { type: "string" }, number: { type: "string" }, json: { type: "boolean" }, help: { type: "boolean" } },
});
const [command, ...names] = positionals;
const say = (line: string) => process.stderr.write(`${line}\n`);

try {
  const folder = values.folder ?? process.env.PLINTH_CLUSTER_FOLDER;
  const cluster = clusterFrom({
    number: Number(values.number ?? process.env.PLINTH_CLUSTER_NUMBER ?? 0),
    ...(folder === undefined ? {} : { folder }),
  });
  mkdirSync(CACHE, { recursive: true });
  const alone = (work: () => Promise<void>) =>
    withLock(join(CACHE, `cluster-${cluster.number}.lock`), () => say("Waiting for another command on this cluster."), work);
  if (values.help || command === undefined) {
    process.stdout.write(USAGE);
    if (!values.help) process.exitCode = 2;
  } else if (command === "up") {
    await alone(() => up(cluster, say));
    process.stdout.write(`export KUBECONFIG='${cluster.kubeconfig}'\nexport SKAFFOLD_DEFAULT_REPO='${cluster.registry}'\n`);
  } else if (command === "down") {
    await alone(() => down(cluster, say));
  } else if (command === "status") {
    const status = statusOf(cluster, (await findPrograms()).kubectl);
    process.stdout.write(values.json ? `${JSON.stringify(status)}\n` : renderStatus(status));
    if (status.phase !== "up") process.exitCode = 1;
  } else if (command === "load") {
    await alone(async () => {
      await buildOfflineImages(
        names.map(wholeName).filter((name) => OFFLINE_IMAGES.includes(name)),
        say,
      );
      for (const name of loadImages(cluster, readState(cluster), names)) say(`Loaded ${name}`);
    });
  } else {
    say(`There is no command ${command}.\n\n${USAGE}`);
    process.exitCode = 2;
  }
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
