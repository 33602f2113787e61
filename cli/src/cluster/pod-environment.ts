import { readFileSync } from "node:fs";

/** What a pod is told of itself by its environment. */
export interface PodEnvironment {
  readonly namespace: string;
  readonly podIp: string;
  readonly environment: "development" | "production";
  readonly discovery: "kubernetes" | "dns";
}

type Variables = Readonly<Record<string, string | undefined>>;

/** True in a pod that the operator made: then commands speak to the cluster instead of a laptop's platform. */
export function isInPod(env: Variables = process.env): boolean {
  return env.PLINTH_PLACE === "kubernetes";
}

export function readPodEnvironment(env: Variables): PodEnvironment {
  return {
    namespace: required(env, "PLINTH_NAMESPACE"),
    podIp: required(env, "PLINTH_POD_IP"),
    environment: oneOf(env, "PLINTH_ENVIRONMENT", ["production", "development"]),
    discovery: oneOf(env, "PLINTH_DISCOVERY", ["kubernetes", "dns"]),
  };
}

/** What follows the names of Services in this namespace: `shop.svc.cluster.local`, as the kubelet has written it for the pod. */
export function serviceZone(namespace: string, resolvConf = "/etc/resolv.conf"): string {
  const searched = readFileSync(resolvConf, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("search"))
    .flatMap((line) => line.split(/\s+/).slice(1));
  return searched.find((domain) => domain.startsWith(`${namespace}.svc.`)) ?? `${namespace}.svc.cluster.local`;
}

function required(env: Variables, name: string): string {
  const value = env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set. The operator sets it in each pod.`);
  return value;
}

/** The first one where nothing is said. */
function oneOf<T extends string>(env: Variables, name: string, values: readonly [T, ...T[]]): T {
  const value = env[name] || values[0];
  const known = values.find((one) => one === value);
  if (known === undefined) throw new Error(`${name} is "${value}"; it must be ${values.join(" or ")}.`);
  return known;
}
