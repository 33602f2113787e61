import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import type { Authority, Certificate } from "./certificates.ts";
import { type ServerProcess, startProcess, untilReady } from "./child.ts";

/** Users by bearer token, as the API server reads them at its start. */
export interface TokenUser {
  readonly token: string;
  readonly user: string;
  readonly groups?: readonly string[];
}

export interface ApiServerPlan {
  readonly program: string;
  readonly folder: string;
  readonly etcdUrl: string;
  readonly port: number;
  readonly authority: Authority;
  readonly serving: Certificate;
  readonly users: readonly TokenUser[];
  readonly flags: readonly string[];
}

/** Starts it, and resolves when it is ready. */
export async function startApiServer(plan: ApiServerPlan): Promise<ServerProcess> {
  const { folder, authority, serving } = plan;
  const tokens = join(folder, "tokens.csv");
  const lines = plan.users.map(({ token, user, groups = [] }) => `${token},${user},${user},"${groups.join(",")}"\n`);
  await writeFile(tokens, lines.join(""));
  const signingKey = await serviceAccountKey(folder);
  const server = startProcess(
    plan.program,
    [
      `--etcd-servers=${plan.etcdUrl}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      `--secure-port=${plan.port}`,
      `--tls-cert-file=${serving.certFile}`,
      `--tls-private-key-file=${serving.keyFile}`,
      `--client-ca-file=${authority.certFile}`,
      `--token-auth-file=${tokens}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${signingKey}`,
      `--service-account-signing-key-file=${signingKey}`,
      "--service-cluster-ip-range=10.96.0.0/16",
      "--authorization-mode=RBAC",
      // Nobody here makes the service account `default`, without which it would take no pods.
      "--disable-admission-plugins=ServiceAccount",
      "--endpoint-reconciler-type=none",
      "--allow-privileged=true",
      ...plan.flags,
    ],
    join(folder, "api-server.log"),
  );
  await untilReady("The API server", server, () => isReady(plan.port, authority.cert));
  return server;
}

/** Tokens outlive restarts: the key is made once a folder. */
async function serviceAccountKey(folder: string): Promise<string> {
  const file = join(folder, "service-accounts.key");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(file, privateKey.export({ type: "pkcs1", format: "pem" }), { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  return file;
}

function isReady(port: number, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: "127.0.0.1", port, path: "/readyz", ca, agent: false, timeout: 2000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.once("error", () => resolve(false));
    asked.once("timeout", () => asked.destroy());
    asked.end();
  });
}
