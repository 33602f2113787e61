import { isKernelModule, type SecretReference } from "@plinth/module";
import type { Resolved } from "../resolved.ts";
import { databaseSecretName } from "./names.ts";
import { needsPostgres } from "./needs-postgres.ts";
import { API_ACCESS_PATH, DATA_PATH, DATABASE_PATH, SECRETS_PATH, TOKENS_PATH } from "./paths.ts";

/** What a pod has, and where its container sees it. */
export interface Mounted {
  readonly volume: { readonly name: string } & Readonly<Record<string, unknown>>;
  readonly path: string;
  readonly readOnly: boolean;
}

/** An hour for the API server, as Kubernetes gives every pod; ten minutes, the least there is, for other modules. The kubelet renews both in time. */
const API_TOKEN_SECONDS = 3600;
const CALL_TOKEN_SECONDS = 600;

/** Readable by the pod's group, and by nobody else: 0440. */
export const SECRET_MODE = 0o440;

/** The volumes of the pods that serve. An image that does not know the platform gets no credentials of the API server. */
export function buildVolumes({ module, callees }: Resolved): Mounted[] {
  const { name } = module.metadata;
  const secrets = module.spec.secrets ?? [];
  return [
    ...(isKernelModule(module) ? [apiAccess()] : []),
    ...(callees.length > 0 ? [callTokens(callees)] : []),
    ...(needsPostgres(module) ? [secretFiles("database", databaseSecretName(name), ["url"], DATABASE_PATH)] : []),
    ...(secrets.length > 0 ? [ownSecrets(secrets)] : []),
    ...scratch(),
  ];
}

/** Empty folders to write in, for the root file system is read-only. */
export function scratch(): Mounted[] {
  return [
    { volume: { name: "tmp", emptyDir: {} }, path: "/tmp", readOnly: false },
    { volume: { name: "data", emptyDir: {} }, path: DATA_PATH, readOnly: false },
  ];
}

/** Keys of one Secret as files. */
export function secretFiles(volume: string, secretName: string, keys: readonly string[], path: string): Mounted {
  const items = keys.map((key) => ({ key, path: key }));
  return { volume: { name: volume, secret: { secretName, defaultMode: SECRET_MODE, items } }, path, readOnly: true };
}

/** `volumes` of a pod, and `volumeMounts` of a container. */
export function volumesOf(mounted: readonly Mounted[]): object[] {
  return mounted.map(({ volume }) => volume);
}

export function mountsOf(mounted: readonly Mounted[]): object[] {
  return mounted.map(({ volume, path, readOnly }) => ({ name: volume.name, mountPath: path, ...(readOnly && { readOnly }) }));
}

/** The volume that Kubernetes would mount by itself, spelled out: `automountServiceAccountToken` is off, so that no other container gets it. */
function apiAccess(): Mounted {
  const sources = [
    { serviceAccountToken: { path: "token", expirationSeconds: API_TOKEN_SECONDS } },
    { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
  ];
  return { volume: { name: "api-access", projected: { defaultMode: SECRET_MODE, sources } }, path: API_ACCESS_PATH, readOnly: true };
}

function callTokens(callees: readonly string[]): Mounted {
  const sources = callees.map((callee) => ({
    serviceAccountToken: { audience: callee, expirationSeconds: CALL_TOKEN_SECONDS, path: callee },
  }));
  return { volume: { name: "call-tokens", projected: { defaultMode: SECRET_MODE, sources } }, path: TOKENS_PATH, readOnly: true };
}

/** One projection each: two secrets may be keys of one Secret, of which one may be missing. */
function ownSecrets(secrets: readonly SecretReference[]): Mounted {
  const sources = secrets.map(({ name, from, optional }) => ({
    secret: { name: from.secret, items: [{ key: from.key, path: name }], ...(optional === true && { optional }) },
  }));
  return { volume: { name: "secrets", projected: { defaultMode: SECRET_MODE, sources } }, path: SECRETS_PATH, readOnly: true };
}
