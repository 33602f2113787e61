import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { formatProblem, ModuleSpec, parseModules } from "@plinth/module";
import { Ajv } from "ajv";
import { parse, parseAllDocuments, stringify } from "yaml";
import { buildProgram } from "../../cli/src/program.ts";
import { findUnknown } from "./command-words.ts";
import { anchorsOf, blocksOf, commandsOf, inlineCodeOf, linksOf } from "./markdown.ts";

const ROOT = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const json = (path: string): Record<string, unknown> => JSON.parse(read(path)) as Record<string, unknown>;

const PAGES = globSync(["*.md", "docs/**/*.md", "charts/*/README.md", "bench/README.md"], { cwd: ROOT }).toSorted();
const program = buildProgram();

/** What `npm run generate` and the tutorial make. */
const MADE = /^(proto\/gen|charts\/plinth\/files\/modules|services\/greeter)(\/|$)/;
const PATH = /^(bench|charts|cli|docs|e2e|k8s|kernel|module|operator|proto|scripts|services)(\/[\w.*-]+)+\/?$/;

const commands = (markdown: string): string[] =>
  blocksOf(markdown)
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => commandsOf(text));

/** All source of the operator and what it stands on, for names that must be somewhere in it. */
const source = globSync(["operator/src/**/*.ts", "module/src/**/*.ts", "kernel/src/kube/*.ts"], { cwd: ROOT }).map(read).join("\n");

describe.each(PAGES)("%s", (page) => {
  const markdown = read(page);
  const shell = commands(markdown);
  const inline = inlineCodeOf(markdown);

  test("links to what is there", () => {
    const broken = linksOf(markdown).filter((target) => {
      if (/^[a-z]+:/.test(target)) return false;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : relative(ROOT, join(ROOT, dirname(page), path));
      if (!existsSync(join(ROOT, file))) return true;
      return anchor !== undefined && !anchorsOf(read(file)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test("names paths that are there", () => {
    // `module/blog` is an object to kubectl.
    const lines = shell.map((line) => (line.startsWith("kubectl ") ? line.replaceAll(/ module\/[\w-]+/g, "") : line));
    const words = [...inline, ...lines.flatMap((line) => line.split(/[\s='"]+/))].map((word) => word.replace(/^\.\//, ""));
    const missing = words.filter((word) => PATH.test(word) && !MADE.test(word) && globSync(word, { cwd: ROOT }).length === 0);
    expect(missing).toEqual([]);
  });

  test("runs npm scripts that there are", () => {
    const { scripts } = json("package.json") as { scripts: Record<string, string> };
    const named = [...shell, ...inline].flatMap((line) => [...line.matchAll(/\bnpm run (?:-s )?([\w:-]+)/g)].map(([, name = ""]) => name));
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test("uses commands and options that plinth has", () => {
    const written = [
      ...shell.flatMap((line) => [...line.matchAll(/\bnpx plinth ([^|;&)"]*)/g)]),
      ...inline.flatMap((code) => [...code.matchAll(/^(?:[A-Z_]+=\S+ )?(?:npx )?plinth ([a-z-].*)$/g)]),
    ].map(([, words = ""]) => words.trim());
    const unknown = written.filter((words) => findUnknown(program, words.split(/\s+/)) !== undefined);
    expect(unknown).toEqual([]);
  });

  test("waits for conditions, and names keys and metrics, that the operator knows", () => {
    const names = [...shell, ...inline].flatMap((line) => [
      ...[...line.matchAll(/--for=condition=(\w+)/g)].map(([, name = ""]) => `"${name}"`),
      ...[...line.matchAll(/\bplinth\.dev\/[a-z]+(?:-[a-z]+)*(?![\w/])/g)].map(([name]) => name),
      ...[...line.matchAll(/\b(?:controller_runtime|workqueue|leader_election|rest_client)_\w+/g)].map(([name]) => name),
      ...[...line.matchAll(/^Plinth(?:Module|Outbox|Bus)\w+$/g)].map(([name]) => name),
    ]);
    const modulesKey = "plinth.dev/v1alpha1";
    expect(names.filter((name) => name !== modulesKey && !source.includes(name))).toEqual([]);
  });

  test("shows YAML that is a Module, a part of its spec, or values of the chart", () => {
    const yaml = blocksOf(markdown).filter(({ language }) => language === "yaml");
    expect(yaml.flatMap(({ text }) => problemsOf(text))).toEqual([]);
  });
});

const checkValues = new Ajv({ allErrors: true, allowUnionTypes: true, strict: false }).compile(json("charts/plinth/values.schema.json"));

function problemsOf(text: string): string[] {
  const documents = parseAllDocuments(text);
  const broken = documents.flatMap(({ errors }) => errors.map(({ message }) => message));
  if (broken.length > 0) return broken;
  return documents.flatMap((document) => {
    const value = document.toJSON() as Record<string, unknown>;
    if (value.kind === "Module") return parseModules(stringify(value), "example.yaml").problems.map(formatProblem);
    if (/^\s/.test(text)) return Object.keys(value).filter((key) => !(key in ModuleSpec.properties));
    checkValues(value);
    return (checkValues.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  });
}

test("each reason for which a module is refused has its mend in docs/how-to/operate.md, and no other reason is named there", () => {
  const codes = (markdown: string): string[] => inlineCodeOf(markdown).filter((code) => /^([A-Z][a-z]+){2,}$/.test(code));
  const between = (markdown: string, from: string, to?: string): string =>
    markdown.slice(markdown.indexOf(`\n## ${from}\n`), to === undefined ? undefined : markdown.indexOf(`\n## ${to}\n`));
  const reference = read("docs/reference/module.md");
  const mends = codes(between(read("docs/how-to/operate.md"), "When it is not Ready", "Events"));
  // Where all share one machine; there is one address each in a cluster.
  const refusals = codes(between(reference, "Why a module is refused")).filter((code) => code !== "PortTaken");
  expect(refusals.filter((reason) => !mends.includes(reason))).toEqual([]);
  expect(mends.filter((reason) => !codes(reference).includes(reason))).toEqual([]);
});

test("the chart's README and the main README install by the same command as the tests of the cluster", () => {
  const { version } = json("package.json");
  expect(parse(read("charts/plinth/Chart.yaml"))).toMatchObject({ appVersion: version });
  for (const page of ["README.md", "docs/how-to/install.md", "docs/tutorials/first-module-on-a-cluster.md"]) {
    const [install] = commands(read(page)).filter((line) => line.includes("values-dev.yaml"));
    expect(install).toBe(
      "helm upgrade --install plinth charts/plinth --namespace plinth --create-namespace -f charts/plinth/values-dev.yaml --wait --timeout 8m",
    );
  }
});

test("docs/adr/README.md lists every decision under its title", () => {
  const index = read("docs/adr/README.md");
  for (const file of globSync("docs/adr/[0-9]*.md", { cwd: ROOT })) {
    const [, number, title] = /^# (\d+)\. (.+)$/m.exec(read(file)) ?? [];
    expect(index).toContain(`${number}. [${title}](${file.slice("docs/adr/".length)})`);
  }
});
