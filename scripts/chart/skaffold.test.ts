import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { parse } from "yaml";
import { documentedValues } from "./documented-values.ts";

const ROOT = join(import.meta.dirname, "../..");
const text = readFileSync(join(ROOT, "skaffold.yaml"), "utf8");
const { build, profiles } = parse(text) as {
  build: { artifacts: { image: string; custom: { dependencies: { paths: string[] } } }[] };
  profiles: { name: string; patches: { path: string; value: unknown }[] }[];
};
const patched = (profile: string, path: string): unknown =>
  profiles.find(({ name }) => name === profile)?.patches.find((patch) => patch.path === path)?.value;

test("every image is a target of the Dockerfile", () => {
  const dockerfile = readFileSync(join(ROOT, "Dockerfile"), "utf8");
  const targets = [...text.matchAll(/--target (\w+)/g)].map(([, target]) => target);
  expect(targets.toSorted()).toEqual(["development", "operator", "services"]);
  for (const target of targets) expect(dockerfile).toContain(` AS ${target}\n`);
});

test("every path that it watches is there", () => {
  const paths = build.artifacts.flatMap(({ custom }) => custom.dependencies.paths);
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test.each(profiles.map(({ name }) => name))("profile %s has values of the chart", (profile) => {
  const [file = ""] = patched(profile, "/deploy/helm/releases/0/valuesFiles") as string[];
  expect(existsSync(join(ROOT, file))).toBe(true);
});

test("what file sync puts in place is watched for, below the folder where the image has it", () => {
  const { manual } = patched("dev", "/build/artifacts/0/sync") as { manual: { src: string; dest: string }[] };
  const watched = build.artifacts[0]?.custom.dependencies.paths;
  expect(manual.map(({ dest }) => dest)).toEqual(manual.map(() => "/app"));
  for (const { src } of manual) expect(watched).toContain(src.split("/")[0]);
});

test("every value that it sets is one of the chart", () => {
  const known = documentedValues(readFileSync(join(ROOT, "charts/plinth/values.yaml"), "utf8")).map(({ path }) => path.join("."));
  const set = [...Object.keys(patched("dev", "/deploy/helm/releases/0/setValues") as object), "image.ref", "operator.image.ref"];
  expect(set.filter((name) => !known.includes(name))).toEqual([]);
  for (const name of ["image.ref", "operator.image.ref"]) expect(text).toContain(`${name}: "{{.IMAGE_FULLY_QUALIFIED_`);
});

test("the settings of the operator name the image of the modules where it looks for it", () => {
  const { resourceSelector } = parse(text) as { resourceSelector: unknown };
  expect(resourceSelector).toEqual({ allow: [{ groupKind: "ConfigMap", image: [".data.image"] }] });
  const template = readFileSync(join(ROOT, "charts/plinth/templates/operator/settings.yaml"), "utf8");
  expect(template).toMatch(/^kind: ConfigMap$/m);
  expect(template).toMatch(/^data:\n(?: .*\n)* {2}image: \{\{ include "plinth.image"/m);
});
