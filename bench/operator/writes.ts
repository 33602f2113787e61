import type { ControlPlane } from "./control-plane.ts";
import { samplesOf, sumOf } from "./prometheus.ts";

const WRITING = new Set(["POST", "PUT", "PATCH", "APPLY", "DELETE"]);

/** What an operator writes; the API server writes others by itself, as the Leases of its own and the addresses of Services. */
const BY_OPERATORS = new Set([
  "modules",
  "serviceaccounts",
  "roles",
  "rolebindings",
  "networkpolicies",
  "services",
  "configmaps",
  "controllerrevisions",
  "deployments",
  "secrets",
  "jobs",
  "horizontalpodautoscalers",
  "poddisruptionbudgets",
]);

/** Writes to Modules and their children so far, as the API server counts them; those that the bench makes itself are taken off by whoever asks. */
export async function writesSoFar(plane: ControlPlane): Promise<number> {
  const samples = samplesOf(await plane.metrics(), "apiserver_request_total").filter(
    ({ labels: { verb = "", resource = "", subresource = "" } }) =>
      WRITING.has(verb) && BY_OPERATORS.has(resource) && !(resource === "deployments" && subresource === "status"),
  );
  return sumOf(samples);
}
