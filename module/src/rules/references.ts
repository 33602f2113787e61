import { didYouMean } from "../did-you-mean.ts";
import type { Report } from "../finding.ts";
import type { Module } from "../schema/module.ts";

/** Names are used once in their list, and what a module calls is among its dependencies. */
export function checkReferences(module: Module, report: Report): void {
  const { dependencies = [], calls = [], secrets = [], events } = module.spec;
  const repeated = (field: readonly string[], names: readonly string[], key: string): void => {
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) === index) continue;
      const path = ["spec", ...field, index, key];
      report({ reason: "SchemaInvalid", path, value: name, message: `${key} ${name} is listed twice`, mend: "make one entry of the two" });
    }
  };
  repeated(
    ["dependencies"],
    dependencies.map((dependency) => dependency.module),
    "module",
  );
  repeated(
    ["calls"],
    calls.map((call) => call.to),
    "to",
  );
  repeated(
    ["secrets"],
    secrets.map((secret) => secret.name),
    "name",
  );
  repeated(
    ["events", "publishes"],
    (events?.publishes ?? []).map((publication) => publication.topic),
    "topic",
  );
  repeated(
    ["events", "subscribes"],
    (events?.subscribes ?? []).map((subscription) => subscription.topic),
    "topic",
  );

  const needed = new Set(dependencies.map((dependency) => dependency.module));
  for (const [index, call] of calls.entries()) {
    const path = ["spec", "calls", index];
    if (call.methods === undefined && call.endpoints === undefined) {
      report({
        reason: "SchemaInvalid",
        path,
        value: undefined,
        message: "a call names methods, endpoints or both",
        mend: "add methods or endpoints",
      });
    }
    if (needed.has(call.to)) continue;
    const guess = didYouMean(call.to, [...needed]);
    report({
      reason: "CallUnknown",
      path: [...path, "to"],
      value: call.to,
      message: `the module ${call.to} is not among the dependencies`,
      mend:
        guess === undefined
          ? `add {module: ${call.to}} to spec.dependencies`
          : `did you mean ${guess}? Otherwise add ${call.to} to spec.dependencies`,
    });
  }
}
