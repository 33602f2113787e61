import { type Command, InvalidArgumentError, Option } from "commander";
import { byComma } from "./arguments.ts";

/** Commands for those who run a platform. */
export function addOperationCommands(program: Command): void {
  program
    .command("call")
    .description("call a method through the gateway, as any client would; the server itself tells what it takes")
    .argument("[method]", "as BlogService/ListPosts; with --list a service")
    .argument("[data]", "the request as JSON, @file, or - for standard input; empty unless given")
    .option("--token <token>", "a user's access token; PLINTH_TOKEN unless given")
    .option("--tenant <tenant>", "the tenant, where no token tells it")
    .option("--address <host:port>", "the gateway; that of this project unless given")
    .option("--timeout <duration>", "how long to wait", "30s")
    .option("--list", "list what can be called")
    .option("--json", "as JSON; answers always are")
    .action(async (method, data, options) => (await import("../commands/call.ts")).call(method, data, options));

  const events = program.command("events").description("events on the bus");
  events
    .command("tail")
    .description("show events as they pass, until Ctrl-C")
    .argument("[topics...]", "only these topics")
    .option("--since <duration>", "begin with those of the last 5m, 1h, ...; new ones only unless given")
    .option("--count <number>", "end after so many", aNumber)
    .option("--json", "one JSON object a line")
    .action(async (topics, options) => (await import("../commands/events-tail.ts")).tailEvents(topics, options));

  program
    .command("connect")
    .description("bring a platform in a cluster to this machine's ports, and let the commands of this folder work on it, until Ctrl-C")
    .option("-n, --namespace <namespace>", "the platform's namespace; kubectl's unless given")
    .option("--context <context>", "the cluster; kubectl's unless given")
    .option("--database-secret <name>", "the Secret with the administrator's URL of Postgres", "plinth-postgres")
    .action(async (options) => (await import("../cluster/connect.ts")).connect(options));

  addDeadLetterCommands(program);
  addSagaCommands(program);
  addJobCommands(program);

  const migrate = program.command("migrate").description("migrations of the modules' schemas");
  migrate
    .command("status")
    .description("list migrations, and when they were applied")
    .argument("[module]", "only this module's")
    .option("--json", "as JSON")
    .action(async (module, options) => (await import("../commands/migrate.ts")).migrateStatus(module, options));
  migrate
    .command("up")
    .description("apply what is pending; a platform that runs does so itself")
    .argument("[module]", "only this module's")
    .action(async (module) => (await import("../commands/migrate.ts")).migrateUp(module));

  program
    .command("audit")
    .description("the audit record")
    .command("verify")
    .description("recompute the audit record and compare it with what was signed")
    .option("--key <keys>", "Ed25519 public keys to trust, in base64url by comma; those of this project unless given", byComma)
    .option("--checkpoints <file>", "signed checkpoints kept outside the database")
    .option("--tenant <tenants>", "only these, by comma", byComma)
    .option("--json", "as JSON")
    .action(async (options) => (await import("../commands/audit-verify.ts")).verifyAudit(options));

  program
    .command("keys")
    .description("keys that sign")
    .command("rotate")
    .description("replace signing keys; what the old ones signed stays good until it expires")
    .argument("[module]", "the module whose calls are signed with the key")
    .option("--all", "of every module")
    .option("--access-tokens", "the key of users' access tokens, by the auth module; needs auth.key.rotate")
    .option("--token <token>", "with --access-tokens: a user's access token; PLINTH_TOKEN unless given")
    .option("--address <host:port>", "with --access-tokens: the gateway")
    .option("--json", "as JSON")
    .action(async (module, options) => (await import("../commands/keys-rotate.ts")).rotateKeys(module, options));
}

function addDeadLetterCommands(program: Command): void {
  const letters = program.command("dlq").description("dead letters: events that a module gave up on");
  letters
    .command("list")
    .description("list dead letters, oldest first")
    .argument("[module]", "only those of this module")
    .option("--json", "as JSON, with the whole events")
    .action(async (module, options) => (await import("../commands/dlq.ts")).listLetters(module, options));
  letters
    .command("replay")
    .description("have a module handle dead letters anew")
    .argument("<module>", "the module that gave up")
    .argument("[events...]", "ids of events")
    .option("--all", "all of the module")
    .action(async (module, ids, options) => (await import("../commands/dlq.ts")).replayLetters(module, ids, options));
  letters
    .command("discard")
    .description("remove dead letters for good")
    .argument("<module>", "the module that gave up")
    .argument("[events...]", "ids of events")
    .option("--all", "all of the module")
    .action(async (module, ids, options) => (await import("../commands/dlq.ts")).discardLetters(module, ids, options));
}

function addSagaCommands(program: Command): void {
  const sagas = program.command("saga").description("processes over several modules");
  sagas
    .command("list")
    .description("list sagas, newest first")
    .argument("[module]", "only those of this module")
    .addOption(new Option("--status <status>", "only those").choices(["running", "turning-back", "done", "turned-back"]))
    .option("--count <number>", "so many at most; 50 unless given", aNumber)
    .option("--json", "as JSON, with their states")
    .action(async (module, options) => (await import("../commands/sagas.ts")).listSagas(module, options));
  sagas
    .command("show")
    .description("show a saga with each try of each step")
    .argument("<key>", "its key, as an order's id, or its own id")
    .option("--json", "as JSON, with its state")
    .action(async (key, options) => (await import("../commands/sagas.ts")).showSaga(key, options));
}

function addJobCommands(program: Command): void {
  const jobs = program.command("jobs").description("jobs of the modules");
  jobs
    .command("list")
    .description("count the jobs that wait, run, and have failed for good")
    .argument("[module]", "only those of this module")
    .option("--json", "as JSON")
    .action(async (module, options) => (await import("../commands/jobs.ts")).countJobs(module, options));
  jobs
    .command("failed")
    .description("list jobs that have used up their tries")
    .argument("[module]", "only those of this module")
    .option("--json", "as JSON, with their payloads")
    .action(async (module, options) => (await import("../commands/jobs.ts")).listFailedJobs(module, options));
  jobs
    .command("replay")
    .description("give failed jobs all their tries again")
    .argument("<module>", "the module whose jobs they are")
    .argument("[ids...]", "ids of jobs")
    .option("--all", "all of the module")
    .action(async (module, ids, options) => (await import("../commands/jobs.ts")).replayFailedJobs(module, ids, options));
  jobs
    .command("discard")
    .description("remove failed jobs for good")
    .argument("<module>", "the module whose jobs they are")
    .argument("[ids...]", "ids of jobs")
    .option("--all", "all of the module")
    .action(async (module, ids, options) => (await import("../commands/jobs.ts")).discardFailedJobs(module, ids, options));
}

function aNumber(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError("It must be a whole number above 0.");
  return Number(text);
}
