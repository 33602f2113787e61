/**
 * Checks every manifest that the project ships: the chart by `helm lint` and, rendered with each of its values files, by kubeconform; k8s/ by
 * `kubectl kustomize` and kubeconform, and that it still follows from the chart. kubeconform asks the schemas of a real API server, Module included.
 *
 *   eval "$(node scripts/components.ts api-server helm kubeconform)" && npm run check:manifests
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildJsonSchema } from "@plinth/module";
import { KUBE_VERSION, operatorManifests } from "./chart/operator-manifests.ts";
import { schemaFolder } from "./manifests/schema-folder.ts";

const root = join(import.meta.dirname, "..");
const chart = join(root, "charts/plinth");
/** Kinds of others' CRDs, of which no API server without them has a schema. */
const FOREIGN = ["ServiceMonitor", "PrometheusRule", "Certificate", "Issuer", "Kustomization"];

const problems: string[] = [];

function run(variable: string, fallback: string, args: readonly string[], input?: string): string {
  const { error, status, stdout, stderr } = spawnSync(process.env[variable] ?? fallback, args, {
    encoding: "utf8",
    input,
    maxBuffer: 64 << 20,
  });
  if (error !== undefined)
    throw new Error(
      `${fallback} cannot be run (${error.message}). Get it: eval "$(node scripts/components.ts api-server helm kubeconform)"`,
    );
  if (status !== 0) problems.push(`${fallback} ${args.join(" ")}\n${(stdout + stderr).trim()}`);
  return stdout;
}

const crdFolder = mkdtempSync(join(tmpdir(), "plinth-schemas-"));
try {
  const schemas = await schemaFolder();
  writeFileSync(join(crdFolder, "module-plinth-v1alpha1.json"), JSON.stringify(buildJsonSchema()));

  const conform = (manifests: string, what: string): void => {
    const locations = [schemas, crdFolder].flatMap((folder) => ["-schema-location", `${folder}/{{ .ResourceKind }}{{ .KindSuffix }}.json`]);
    const said = run("PLINTH_KUBECONFORM", "kubeconform", ["-strict", "-summary", "-skip", FOREIGN.join(), ...locations, "-"], manifests);
    process.stdout.write(`${what}: ${said.trim().split("\n").at(-1)}\n`);
  };

  for (const values of globSync("values*.yaml", { cwd: chart }).sort()) {
    const file = ["--values", join(chart, values)];
    run("PLINTH_HELM", "helm", ["lint", "--strict", chart, "--kube-version", KUBE_VERSION, ...file]);
    conform(
      run("PLINTH_HELM", "helm", ["template", "plinth", chart, "--namespace", "plinth", "--kube-version", KUBE_VERSION, ...file]),
      `chart with ${values}`,
    );
  }
  if (readFileSync(join(root, "k8s/operator.yaml"), "utf8") !== operatorManifests(chart))
    problems.push("k8s/operator.yaml does not follow from the chart any more. Run: node scripts/render-k8s.ts");
  conform(run("PLINTH_KUBECTL", "kubectl", ["kustomize", join(root, "k8s")]), "k8s");
  for (const sample of globSync("k8s/{samples,gitops}/**/*.yaml", { cwd: root }).sort())
    conform(readFileSync(join(root, sample), "utf8"), sample);
} finally {
  rmSync(crdFolder, { recursive: true, force: true });
}
for (const problem of problems) process.stderr.write(`${problem}\n\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
