import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatProblem } from "@plinth/module";
import { localFolders } from "../local/local-place.ts";
import type { ModuleState, Platform } from "../local/platform.ts";
import type { Project } from "../project.ts";
import { describeFailure } from "./describe-failure.ts";
import { styled } from "./style.ts";
import { table } from "./table.ts";

/** Made for authz at the first start; whoever registers with it first becomes platform administrator. */
const BOOTSTRAP_SECRET = "AUTHZ_BOOTSTRAP_TOKEN";

/** What the terminal shows once all is up: modules, refusals, and what to do next. */
export function welcome(platform: Platform, project: Project, milliseconds: number | undefined): string {
  const states = [...platform.states()].sort((a, b) => (a.module.metadata.name < b.module.metadata.name ? -1 : 1));
  const rows = [...states.map(rowOf), ...refusedRows(platform)];
  const parts = [table(["MODULE", "VERSION", "PHASE", "HTTP", "GRPC", "WHAT IT DOES"], rows), ...problemTexts(platform)];
  for (const { module, error } of states) {
    if (error !== undefined) parts.push(styled("red", `${module.metadata.name} did not start: ${describeFailure(error)}`));
  }
  if (milliseconds !== undefined) parts.push(nextSteps(states, project, milliseconds));
  return `\n${parts.join("\n\n")}\n\n`;
}

function rowOf({ module, phase, running }: ModuleState): string[] {
  const { name } = module.metadata;
  const { version, summary } = module.spec;
  return [name, version, phase, portText(running?.ports.http), portText(running?.ports.grpc), summary ?? ""];
}

function portText(port: number | undefined): string {
  return port === undefined ? "" : String(port);
}

function refusedRows(platform: Platform): string[][] {
  const reasons = (problems: readonly { reason: string }[]) => [...new Set(problems.map(({ reason }) => reason))].join(", ");
  return [
    ...platform.rejected().map(({ module, problems }) => [module || "(unnamed)", "", "Rejected", "", "", reasons(problems)]),
    ...[...platform.heldBack()].map(([module, missing]) => [module, "", "Waiting", "", "", `for ${missing.join(", ")}`]),
    ...platform.waiting().map(({ module, problems }) => [module, "", "Waiting", "", "", reasons(problems)]),
  ];
}

function problemTexts(platform: Platform): string[] {
  return [...platform.rejected(), ...platform.waiting()].flatMap(({ problems }) => problems.map(formatProblem));
}

function nextSteps(states: readonly ModuleState[], project: Project, milliseconds: number): string {
  const gateway = states.find(({ module }) => module.metadata.name === "gateway")?.running?.ports.http;
  const lines = [
    `${styled("bold", `Ready in ${(milliseconds / 1000).toFixed(1)} s.`)} Ctrl-C stops everything; the data stays in .plinth/.`,
  ];
  if (gateway !== undefined) {
    lines.push("", `  API             http://localhost:${gateway}/docs`);
    lines.push(`  health          curl http://localhost:${gateway}/ready`);
  }
  if (states.some(({ module, running }) => module.metadata.name === "notification" && running)) {
    lines.push("  mails           http://localhost:8025   (nothing leaves this machine)");
  }
  const bootstrap = join(localFolders(project.dataFolder).secrets, BOOTSTRAP_SECRET);
  if (existsSync(bootstrap)) {
    lines.push(`  bootstrap token ${readFileSync(bootstrap, "utf8").trim()}   (register with it once: the account becomes administrator)`);
  }
  lines.push("", "  Try next: the story in README.md, plinth new module greeter, plinth --help");
  return lines.join("\n");
}
