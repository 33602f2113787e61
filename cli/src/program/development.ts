import { Argument, type Command, Option } from "commander";
import { isInPod } from "../cluster/pod-environment.ts";
import { byComma } from "./arguments.ts";

/** Commands for those who write modules. */
export function addDevelopmentCommands(program: Command): void {
  program
    .command("up")
    .description("run the modules of this project, with Postgres, on this machine")
    .option("--only <modules>", "only these modules, by comma, and what they need", byComma)
    .option("--processes", "each module in a process of its own")
    .option("--watch", "restart a module when its files change; implies --processes")
    .action(async (options) => (await import("../commands/up.ts")).up(options));

  program
    .command("run")
    .description("run one module in this process, as part of the platform that plinth up runs elsewhere on this machine, or in its pod")
    .argument("<module>", "its name; its database is <MODULE>_DATABASE_URL where that is set")
    .option("--watch", "in a process below this one, which starts anew when a source file changes")
    // How --watch starts the process below it.
    .addOption(new Option("--when-called").hideHelp())
    .action(async (module, { watch, whenCalled }) => {
      if (watch) {
        process.exitCode = await (await import("../commands/run-watched.ts")).runWatched(module);
        return;
      }
      const prepared = whenCalled ? await import("../commands/prepared-run.ts") : undefined;
      await prepared?.untilCalled();
      if (isInPod()) await (await import("../cluster/run-in-cluster.ts")).runInCluster(module);
      else await (await import("../commands/run.ts")).run(module);
      prepared?.tellThatItRuns();
    });

  program
    .command("new")
    .description("begin something new")
    .command("module")
    .description("write a service that starts, answers over REST and RPC, and has a test that passes")
    .argument("<name>", "the module's name: price-list")
    .action(async (name) => (await import("../commands/new-module.ts")).newModule(name));

  program
    .command("generate")
    .description("make the code of the protos, and the constants of all permissions, in proto/gen")
    .action(async () => (await import("../commands/generate.ts")).generate());

  program
    .command("validate")
    .description("tell every problem of the module files at once")
    .argument("[paths...]", "files, or folders that hold module files; this project's where none is given")
    .option("--cluster", "as in a cluster, where every module has an address of its own: two may have the same port")
    .option("--running <versions>", "versions that run now, as blog=1.2.0,order=2.0.0: to find a downgrade", byComma)
    .option("--not-running <modules>", "modules that are not up, by comma: to find who would wait", byComma)
    .option("--secrets <secrets>", "all secrets that there are, as secret/key by comma; unchecked where not given", byComma)
    .option("--descriptors <file>", "what buf build made of the protos; proto/gen/image.binpb unless given")
    .option("--json", "as JSON")
    .action(async (paths, options) => (await import("../commands/validate.ts")).validate(paths, options));

  program
    .command("doctor")
    .description("look for whatever keeps the platform from starting, and tell what to do")
    .option("--json", "as JSON")
    .action(async (options) => (await import("../commands/doctor.ts")).doctor(options));

  program
    .command("completion")
    .description("print what teaches a shell the commands: source <(plinth completion bash)")
    .addArgument(new Argument("<shell>", "which shell").choices(["bash", "zsh", "fish"]))
    .action(async (shell) => (await import("../commands/completion.ts")).completion(program, shell));
}
