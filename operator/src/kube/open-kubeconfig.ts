import type { RequestOptions } from "node:https";
import {
  type CredentialSource,
  type Credentials,
  type KubeConnection,
  openConnection,
  sameTls,
  type TlsIdentity,
} from "@plinth/kernel/kube";

export interface KubeconfigOptions {
  /** Otherwise $KUBECONFIG, then ~/.kube/config. */
  readonly file?: string;
  /** Otherwise the file's current one. */
  readonly context?: string;
  readonly userAgent?: string;
  readonly maxSockets?: number;
}

/** A connection as a kubeconfig describes it, and the namespace that its context names. */
export interface KubeconfigConnection {
  readonly connection: KubeConnection;
  readonly context: string;
  readonly namespace: string;
}

/** Plug-ins keep their tokens themselves until these end; asking them costs a reading of files. */
const RECHECK_MS = 10_000;

/**
 * For people's machines and tests: in a cluster `openInClusterConnection` does without the package that reads kubeconfigs and runs their
 * authentication plug-ins, which takes more memory than the whole operator, and is loaded only here. Throws when there is no usable context.
 */
export async function openKubeconfigConnection(options: KubeconfigOptions = {}): Promise<KubeconfigConnection> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  if (options.file === undefined) config.loadFromDefault();
  else config.loadFromFile(options.file);
  if (options.context !== undefined) config.setCurrentContext(options.context);
  const context = config.getCurrentContext();
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`The kubeconfig has no cluster for the context "${context}".`);
  if (cluster.proxyUrl !== undefined) throw new Error(`The cluster "${cluster.name}" is behind a proxy-url, which is not supported.`);

  let known = await read();
  let readAt = performance.now();

  async function read(): Promise<Credentials> {
    const applied: RequestOptions = {};
    await config.applyToHTTPSOptions(applied);
    return { tls: tlsOf(applied), headers: headersOf(applied) };
  }

  const credentials: CredentialSource = {
    async current() {
      if (performance.now() - readAt >= RECHECK_MS) await credentials.renew();
      return known;
    },
    async renew() {
      const next = await read();
      const changed = !sameTls(next.tls, known.tls) || next.headers.authorization !== known.headers.authorization;
      readAt = performance.now();
      if (changed) known = sameTls(next.tls, known.tls) ? { ...next, tls: known.tls } : next;
      return changed;
    },
  };

  const connection = openConnection({
    server: cluster.server,
    credentials,
    ...(options.userAgent !== undefined && { userAgent: options.userAgent }),
    ...(options.maxSockets !== undefined && { maxSockets: options.maxSockets }),
  });
  return { connection, context, namespace: config.getContextObject(context)?.namespace ?? "default" };
}

function tlsOf({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): TlsIdentity {
  return {
    ...(ca !== undefined && { ca: String(ca) }),
    ...(cert !== undefined && { cert: String(cert) }),
    ...(key !== undefined && { key: String(key) }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized === false && { verify: false }),
  };
}

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const named: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) if (value !== undefined) named[name.toLowerCase()] = String(value);
  if (auth) named.authorization = `Basic ${Buffer.from(auth).toString("base64")}`;
  return named;
}
