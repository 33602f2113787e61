/**
 * Makes a folder on the node for each claim of the class `standard`, and removes it when the claim is gone. A program of its own that stands
 * alone: `node provisioner.ts <api server> <folder of certificates> <folder for volumes>`.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const PROVISIONER = "plinth.dev/local-folder";
const POLL_MS = 1_000;

interface Claim {
  metadata: { name: string; namespace: string; uid: string; resourceVersion: string; annotations?: Record<string, string> };
  spec: {
    storageClassName?: string;
    volumeName?: string;
    accessModes?: string[];
    volumeMode?: string;
    resources?: { requests?: { storage?: string } };
  };
  status?: { phase?: string };
}

interface Volume {
  metadata: { name: string; annotations?: Record<string, string> };
  spec: { persistentVolumeReclaimPolicy?: string; hostPath?: { path: string } };
  status?: { phase?: string };
}

const [server = "", certificates = "", folder = ""] = process.argv.slice(2);
const agent = new Agent({
  keepAlive: true,
  ca: readFileSync(join(certificates, "ca.crt")),
  cert: readFileSync(join(certificates, "admin.crt")),
  key: readFileSync(join(certificates, "admin.key")),
});

for (;;) {
  try {
    await provision();
    await reclaim();
  } catch (error) {
    process.stderr.write(`${new Date().toISOString()} ${error instanceof Error ? error.message : error}\n`);
  }
  await delay(POLL_MS);
}

async function provision(): Promise<void> {
  for (const claim of await list<Claim>("/api/v1/persistentvolumeclaims")) {
    // Set by the volume controller on claims of a class whose provisioner this is.
    if (claim.metadata.annotations?.["volume.kubernetes.io/storage-provisioner"] !== PROVISIONER) continue;
    if (claim.status?.phase !== "Pending" || claim.spec.volumeName) continue;
    const name = `pvc-${claim.metadata.uid}`;
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    // Pods run as whatever user they like, and a folder has no fsGroup.
    chmodSync(path, 0o777);
    const { status } = await call("POST", "/api/v1/persistentvolumes", volumeFor(claim, name, path));
    // 409: made in the round before, and not bound yet.
    if (status !== 201 && status !== 409) throw new Error(`${name} was refused with ${status}`);
    if (status === 201) process.stdout.write(`made ${name} for ${claim.metadata.namespace}/${claim.metadata.name}\n`);
  }
}

async function reclaim(): Promise<void> {
  for (const volume of await list<Volume>("/api/v1/persistentvolumes")) {
    const isOurs = volume.metadata.annotations?.["pv.kubernetes.io/provisioned-by"] === PROVISIONER;
    const path = volume.spec.hostPath?.path;
    if (
      !isOurs ||
      volume.status?.phase !== "Released" ||
      volume.spec.persistentVolumeReclaimPolicy !== "Delete" ||
      !path?.startsWith(`${folder}/`)
    )
      continue;
    rmSync(path, { recursive: true, force: true });
    await call("DELETE", `/api/v1/persistentvolumes/${volume.metadata.name}`);
    process.stdout.write(`removed ${volume.metadata.name}\n`);
  }
}

function volumeFor(claim: Claim, name: string, path: string): object {
  const { name: claimName, namespace, uid, resourceVersion } = claim.metadata;
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name, annotations: { "pv.kubernetes.io/provisioned-by": PROVISIONER } },
    spec: {
      capacity: { storage: claim.spec.resources?.requests?.storage ?? "1Gi" },
      accessModes: claim.spec.accessModes ?? ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Delete",
      storageClassName: claim.spec.storageClassName ?? "",
      hostPath: { path, type: "DirectoryOrCreate" },
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name: claimName, namespace, uid, resourceVersion },
    },
  };
}

async function list<T>(path: string): Promise<T[]> {
  const { status, body } = await call("GET", path);
  if (status !== 200) throw new Error(`${path}: ${status}`);
  return (JSON.parse(body) as { items: T[] }).items;
}

function call(method: string, path: string, body?: object): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { accept: "application/json", "content-type": "application/json" };
    const sent = request(`${server}${path}`, { method, agent, headers, timeout: 10_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }));
      response.on("error", reject);
    });
    sent.on("timeout", () => sent.destroy(new Error(`${path}: no answer within 10 s`)));
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
