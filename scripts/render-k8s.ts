/** Writes k8s/operator.yaml, the operator for those who do without Helm, from the chart. It needs Helm: PLINTH_HELM, or `helm` in the path. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { operatorManifests } from "./chart/operator-manifests.ts";

const root = join(import.meta.dirname, "..");
writeFileSync(join(root, "k8s/operator.yaml"), operatorManifests(join(root, "charts/plinth")));
