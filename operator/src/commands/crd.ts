import { createKubeClient, type KubeObject } from "@plinth/kernel/kube";
import { silentLogger } from "@plinth/kernel/logging";
import { buildCrd } from "@plinth/module";
import { KINDS } from "../kube/kinds.ts";
import { createWriter } from "../kube/writer.ts";
import { connect } from "../process/connect.ts";

const LOOK_MS = 200;

/** Applies the CustomResourceDefinition of Module, and waits until the API server serves it. */
export async function applyCrd(timeoutMs: number): Promise<number> {
  const { connection } = await connect();
  const client = createKubeClient(connection, { logger: silentLogger });
  const crd = buildCrd() as unknown as KubeObject;
  // Helm made it first; whoever made it, it is this one that the operator understands.
  await createWriter(client).apply(crd, { force: true });
  const until = performance.now() + timeoutMs;
  let served = false;
  while (!served && performance.now() < until) {
    served = isEstablished(await client.find(KINDS.CustomResourceDefinition, { name: crd.metadata.name }));
    if (!served) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  await connection.close();
  return served ? 0 : 1;
}

function isEstablished(crd: KubeObject | undefined): boolean {
  const { conditions } = (crd?.status ?? {}) as { conditions?: readonly { type: string; status: string }[] | null };
  return conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false;
}
