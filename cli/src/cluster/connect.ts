import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { GATEWAY_MODULE, type Module } from "@plinth/module";
import { localFolders } from "../local/local-place.ts";
import { print } from "../output/print-list.ts";
import { findProject, type Project } from "../project.ts";
import { forgetConnection, noteConnection } from "./connection-file.ts";
import { type ClusterTarget, type Forward, forwardPort, getObjects } from "./kubectl.ts";

export interface ConnectOptions extends ClusterTarget {
  /** Name of the Secret with the administrator's URL. */
  readonly databaseSecret: string;
}

interface Secret {
  readonly data?: Readonly<Record<string, string>>;
}

const MAIL_MODULE = "notification";
/** Programs that stand in for foreign services carry this label: who develops wants to play the foreigners' part. */
const PART_OF = "app.kubernetes.io/part-of";
const SIMULATORS = "simulators";

/**
 * Brings a platform in a cluster to this machine's ports and folder until Ctrl-C: the gateway to 8080, mail sink and simulators to their ports where
 * they are on, Postgres and the generated secrets to where the commands of this project look for them.
 */
export async function connect(options: ConnectOptions): Promise<void> {
  const project = findProject();
  refuseLocalData(project);
  const { items: modules } = await getObjects<{ items: Module[] }>(options, "modules.plinth.dev");
  if (modules.length === 0)
    throw new Error("There are no Modules in this namespace. Name the platform's: plinth connect --namespace <name>");
  await keepSecrets(options, project, modules);
  const forwards = await openForwards(options, modules);
  try {
    const postgres = await connectPostgres(options, project);
    if (postgres !== undefined) forwards.push(postgres);
    print(`\nConnected. Commands of this folder now work on the cluster. Ctrl-C ends it.`);
    await Promise.race([...forwards.map(({ ended }) => ended), signalled()]);
  } finally {
    forgetConnection(project.dataFolder);
    for (const forward of forwards) forward.stop();
  }
}

/** The secrets of a platform that runs here must not be replaced by those of another one. */
function refuseLocalData({ dataFolder }: Project): void {
  if (!existsSync(localFolders(dataFolder).postgres)) return;
  throw new Error(
    `${dataFolder} holds the data of a platform on this machine. Name another folder: PLINTH_DATA=.plinth-cluster plinth connect`,
  );
}

/** Only those that the platform made by itself: what a team brought is none of this machine's business. */
async function keepSecrets(target: ClusterTarget, project: Project, modules: readonly Module[]): Promise<void> {
  const folder = localFolders(project.dataFolder).secrets;
  for (const { name, from, generate } of modules.flatMap(({ spec }) => spec.secrets ?? [])) {
    if (generate !== true) continue;
    const { data } = await getObjects<Secret>(target, "secret", from.secret);
    const value = data?.[from.key];
    if (value === undefined) continue;
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${Buffer.from(value, "base64").toString("utf8")}\n`, { mode: 0o600 });
  }
  print(`Secrets      ${folder}`);
}

async function openForwards(target: ClusterTarget, modules: readonly Module[]): Promise<Forward[]> {
  const forwards: Forward[] = [];
  const named = (name: string) => modules.find(({ metadata }) => metadata.name === name);
  const gatewayPort = named(GATEWAY_MODULE)?.spec.ports?.http;
  if (gatewayPort !== undefined) {
    forwards.push(await forwardPort(target, `svc/${GATEWAY_MODULE}`, gatewayPort, gatewayPort));
    print(`Gateway      http://localhost:${gatewayPort}`);
  }
  const sink = named(MAIL_MODULE)?.spec.config?.sink as { enabled?: boolean; webPort?: number } | undefined;
  if (sink?.enabled === true && sink.webPort !== undefined) {
    forwards.push(await forwardPort(target, `deploy/${MAIL_MODULE}`, sink.webPort, sink.webPort));
    print(`Mails        http://localhost:${sink.webPort}`);
  }
  for (const { metadata, spec } of modules) {
    const port = spec.ports?.http;
    if (metadata.labels?.[PART_OF] !== SIMULATORS || port === undefined) continue;
    forwards.push(await forwardPort(target, `svc/${metadata.name}`, port, port));
    print(`Simulator    http://localhost:${port}   (${metadata.name})`);
  }
  return forwards;
}

/** A Postgres outside the cluster is where its URL says, also for this machine, or not at all. */
async function connectPostgres(target: ConnectOptions, project: Project): Promise<Forward | undefined> {
  const { data } = await getObjects<Secret>(target, "secret", target.databaseSecret);
  const encoded = data?.url;
  if (encoded === undefined) return undefined;
  const url = new URL(Buffer.from(encoded, "base64").toString("utf8"));
  const [service] = url.hostname.split(".");
  const { items } = await getObjects<{ items: { metadata: { name: string } }[] }>(target, "services");
  if (!items.some(({ metadata }) => metadata.name === service)) {
    noteConnection(project.dataFolder, url.href);
    return undefined;
  }
  const forward = await forwardPort(target, `svc/${service}`, 0, Number(url.port || 5432));
  url.host = `127.0.0.1:${forward.localPort}`;
  noteConnection(project.dataFolder, url.href);
  print(`Postgres     localhost:${forward.localPort}`);
  return forward;
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}
