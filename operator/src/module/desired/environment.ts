import { isKernelModule, type Module } from "@plinth/module";
import type { Settings } from "../settings.ts";
import { databaseSecretName } from "./names.ts";
import { needsPostgres } from "./needs-postgres.ts";
import { DATA_PATH } from "./paths.ts";

/** An entry of a container's `env`. */
export interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: object;
}

/**
 * The environment of the module's container: who and where it is, then what the module declares. An image that does not know the platform reads its
 * secrets here, for it would not look for files. A variable of the platform is not overridden: two of one name are an error.
 */
export function buildEnvironment(module: Module, settings: Settings): Variable[] {
  const own = isKernelModule(module) ? kernelVariables(module, settings) : foreignVariables(module);
  const names = new Set(own.map(({ name }) => name));
  return [...own, ...(module.spec.env ?? []).filter(({ name }) => !names.has(name))];
}

/** What `plinth` in a container must know before it can ask for anything else; Jobs have the same. */
export function placeVariables({ metadata }: Module): Variable[] {
  return [
    { name: "PLINTH_PLACE", value: "kubernetes" },
    { name: "PLINTH_MODULE", value: metadata.name },
    { name: "PLINTH_NAMESPACE", valueFrom: downward("metadata.namespace") },
    { name: "PLINTH_POD_NAME", valueFrom: downward("metadata.name") },
    { name: "PLINTH_POD_IP", valueFrom: downward("status.podIP") },
  ];
}

function kernelVariables(module: Module, { discovery, consulUrl, development }: Settings): Variable[] {
  return [
    ...placeVariables(module),
    { name: "PLINTH_DISCOVERY", value: discovery },
    ...(discovery === "consul" && consulUrl !== undefined ? [{ name: "PLINTH_CONSUL_URL", value: consulUrl }] : []),
    { name: "PLINTH_DATA", value: DATA_PATH },
    ...(development ? [{ name: "PLINTH_ENVIRONMENT", value: "development" }] : []),
  ];
}

function foreignVariables(module: Module): Variable[] {
  const secrets = (module.spec.secrets ?? []).map(({ name, from, optional }) => ({
    name,
    valueFrom: { secretKeyRef: { name: from.secret, key: from.key, ...(optional === true && { optional }) } },
  }));
  const database = {
    name: "DATABASE_URL",
    valueFrom: { secretKeyRef: { name: databaseSecretName(module.metadata.name), key: "url" } },
  };
  return needsPostgres(module) && !secrets.some(({ name }) => name === database.name) ? [...secrets, database] : secrets;
}

function downward(fieldPath: string): object {
  return { fieldRef: { apiVersion: "v1", fieldPath } };
}
