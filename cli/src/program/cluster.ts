import type { Command } from "commander";

/** Commands that run in the pods that the operator makes. */
export function addClusterCommands(program: Command): void {
  const cluster = program
    .command("cluster")
    .description("steps of the Jobs that make, migrate and drop what a module has on Postgres; the operator runs them");
  cluster
    .command("provision")
    .description("make a module's schema and database roles, by the URLs below /var/run/plinth")
    .argument("<module>", "its name")
    .action(async (module) => (await import("../cluster/commands.ts")).provision(module));
  cluster
    .command("migrate")
    .description("bring a module's schema up to date, and leave the result as the container's termination message")
    .argument("<module>", "its name")
    .action(async (module) => (await import("../cluster/commands.ts")).migrate(module));
  cluster
    .command("drop")
    .description("drop a module's schema and database roles, for ever; what a Module with deletionPolicy Delete ends with")
    .argument("<module>", "its name")
    .action(async (module) => (await import("../cluster/commands.ts")).drop(module));
}
