import type { Command } from "commander";

/** Commands for those who run a platform. */
export function addOperationCommands(_program: Command): void {}
