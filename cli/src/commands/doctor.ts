import { checkClock, checkPermissions } from "../doctor/data-folder.ts";
import type { Finding } from "../doctor/finding.ts";
import { checkGenerated, checkPackages } from "../doctor/installation.ts";
import { checkDisk, checkNode, checkRoot } from "../doctor/machine.ts";
import { checkModules, checkPorts, checkPostgres } from "../doctor/platform.ts";
import { readModules } from "../local/read-modules.ts";
import { print, printJson } from "../output/print-list.ts";
import { styled } from "../output/style.ts";
import { findProject } from "../project.ts";

const STYLES = { ok: "green", warn: "yellow", fail: "red" } as const;

/** Looks for whatever would keep the platform from starting. Exits with 1 where it found that. */
export async function doctor({ json }: { readonly json?: boolean }): Promise<void> {
  const project = findProject();
  const read = readModules(project);
  const findings = await Promise.all([
    checkNode(),
    checkPackages(project),
    checkGenerated(project),
    checkModules(read),
    checkDisk(project.root),
    checkRoot(),
    checkPermissions(project),
    checkClock(project),
    checkPorts(read, project),
    checkPostgres(project),
  ]);
  if (findings.some(({ level }) => level === "fail")) process.exitCode = 1;
  if (json) printJson(findings);
  else for (const finding of findings) print(lineOf(finding));
}

function lineOf({ level, what, mend }: Finding): string {
  return `${styled(STYLES[level], level.padEnd(4))}  ${what}${mend === undefined ? "" : `\n      → ${mend.replaceAll("\n", "\n        ")}`}`;
}
