import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KubeObject } from "@plinth/kernel/kube";
import type { KeyPair } from "./authority.ts";
import { authorityBundle, type CertificateMaterial } from "./certificate-material.ts";

/** The Secret as the API server has it. */
export interface SecretObject extends KubeObject {
  readonly type?: string;
  /** In base64. */
  readonly data?: Readonly<Record<string, string>>;
}

/** `tls.crt`, `tls.key` and `ca.crt` as every TLS Secret has them; the rest is ours. */
const CERTIFICATES = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----\n?/g;

/** The Secret that holds `material`. */
export function buildCertificateSecret(namespace: string, name: string, material: CertificateMaterial): SecretObject {
  const { serving, authority, nextAuthority } = material;
  const texts: Record<string, string> = {
    "tls.crt": serving.certificate,
    "tls.key": serving.key,
    "ca.crt": authorityBundle(material),
    "authority.key": authority.key,
    ...(nextAuthority !== undefined && { "next-authority.key": nextAuthority.key }),
  };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name,
      namespace,
      labels: {
        "app.kubernetes.io/name": "plinth-operator",
        "app.kubernetes.io/component": "webhook",
        "app.kubernetes.io/part-of": "plinth",
      },
    },
    type: "kubernetes.io/tls",
    data: Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString("base64")])),
  };
}

/** What a Secret holds; undefined where it does not hold all of it in order: whoever broke it gets new material. */
export function readCertificateSecret(secret: SecretObject): CertificateMaterial | undefined {
  const text = (key: string): string => Buffer.from(secret.data?.[key] ?? "", "base64").toString();
  const [current, ...others] = text("ca.crt").match(CERTIFICATES) ?? [];
  const serving = readPair(text("tls.crt"), text("tls.key"));
  const authority = readPair(current ?? "", text("authority.key"));
  if (serving === undefined || authority === undefined) return undefined;
  if (secret.data?.["next-authority.key"] === undefined) return { serving, authority, earlierAuthorities: others };
  const nextAuthority = readPair(others[0] ?? "", text("next-authority.key"));
  return nextAuthority === undefined ? undefined : { serving, authority, nextAuthority, earlierAuthorities: others.slice(1) };
}

function readPair(certificate: string, key: string): KeyPair | undefined {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)) ? { certificate, key } : undefined;
  } catch {
    return undefined;
  }
}
