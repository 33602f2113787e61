import semver from "semver";
import type { Report } from "../finding.ts";
import type { Module } from "../schema/module.ts";

/** The module's version and the ranges of its dependencies can be read. */
export function checkVersions(module: Module, report: Report): void {
  const { version, dependencies = [] } = module.spec;
  if (semver.valid(version) === null) {
    report({
      reason: "VersionInvalid",
      path: ["spec", "version"],
      value: version,
      message: "is no semantic version",
      mend: "write a semantic version, as 1.4.0",
    });
  }
  for (const [index, dependency] of dependencies.entries()) {
    if (dependency.version !== undefined && parseRange(dependency.version) === undefined) {
      report({
        reason: "VersionInvalid",
        path: ["spec", "dependencies", index, "version"],
        value: dependency.version,
        message: "is no range of versions",
        mend: "write a range as ^1.2.0 or >=1.0.0 <2",
      });
    }
  }
}

/** A range of versions, undefined if it cannot be read. */
export function parseRange(range: string): semver.Range | undefined {
  try {
    return new semver.Range(range);
  } catch {
    return undefined;
  }
}
