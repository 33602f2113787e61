import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { issueAuthority, issueServingCertificate, type KeyPair } from "./authority.ts";

/** Everything that serving with a certificate of our own takes; lies in one Secret, so that all replicas serve the same. */
export interface CertificateMaterial {
  readonly serving: KeyPair;
  readonly authority: KeyPair;
  /** The authority that will sign next. Callers are told of it before anything is signed with it. */
  readonly nextAuthority?: KeyPair;
  /** Certificates of authorities before this one that are not expired. Nobody has their keys any more. */
  readonly earlierAuthorities: readonly string[];
}

const DAY_MS = 24 * 60 * 60_000;
export const SERVING_DAYS = 90;
export const AUTHORITY_DAYS = 3650;
/** How long a new authority is announced before it signs: API servers read the announcement by a watch, in seconds. */
export const ANNOUNCED_MS = DAY_MS;
/** With the day, so that two that overlap are told apart by name as well. */
const authorityName = (now: Date): string => `plinth-webhook-ca-${now.toISOString().slice(0, 10)}`;

/** What callers must trust: all authorities, each as PEM, the one that signs now first. */
export function authorityBundle({ authority, nextAuthority, earlierAuthorities }: CertificateMaterial): string {
  return [authority.certificate, ...(nextAuthority === undefined ? [] : [nextAuthority.certificate]), ...earlierAuthorities].join("");
}

/** The first material, where there is none yet. */
export async function newMaterial(hosts: readonly string[], now: Date): Promise<CertificateMaterial> {
  const authority = await newAuthority(now);
  return { authority, serving: await newServing(authority, hosts, now), earlierAuthorities: [] };
}

/**
 * The material as it should be by now; the same object where nothing is due. A serving certificate is replaced after two thirds of its life, and when
 * it is not for these hosts; so is an authority, in two steps: first it is announced in the bundle, a day later it signs. Whoever verifies has thus
 * known each authority long before it meets its signature.
 */
export async function renewMaterial(material: CertificateMaterial, hosts: readonly string[], now: Date): Promise<CertificateMaterial> {
  let { authority, nextAuthority, serving, earlierAuthorities } = material;
  if (nextAuthority === undefined) {
    if (isDue(authority, now)) nextAuthority = await newAuthority(now);
  } else if (now.getTime() - issuedAt(nextAuthority) >= ANNOUNCED_MS || isExpired(authority.certificate, now)) {
    earlierAuthorities = [authority.certificate, ...earlierAuthorities];
    [authority, nextAuthority] = [nextAuthority, undefined];
  }
  if (isDue(serving, now) || !isSignedBy(serving, authority) || !isFor(serving, hosts)) serving = await newServing(authority, hosts, now);
  const trusted = earlierAuthorities.filter((certificate) => !isExpired(certificate, now));
  const isSame =
    authority === material.authority &&
    nextAuthority === material.nextAuthority &&
    serving === material.serving &&
    trusted.length === material.earlierAuthorities.length;
  return isSame ? material : { authority, serving, earlierAuthorities: trusted, ...(nextAuthority !== undefined && { nextAuthority }) };
}

/** Milliseconds until `renewMaterial` has something to do; never negative. */
export function renewalDueInMs({ authority, nextAuthority, serving }: CertificateMaterial, now: Date): number {
  const authorityDue = nextAuthority === undefined ? dueAt(authority) : issuedAt(nextAuthority) + ANNOUNCED_MS;
  return Math.max(0, Math.min(dueAt(serving), authorityDue) - now.getTime());
}

function newAuthority(now: Date): Promise<KeyPair> {
  return issueAuthority(authorityName(now), { from: now, to: new Date(now.getTime() + AUTHORITY_DAYS * DAY_MS) });
}

function newServing(authority: KeyPair, hosts: readonly string[], now: Date): Promise<KeyPair> {
  return issueServingCertificate(authority, hosts, { from: now, to: new Date(now.getTime() + SERVING_DAYS * DAY_MS) });
}

function dueAt(pair: KeyPair): number {
  const { validFromDate, validToDate } = new X509Certificate(pair.certificate);
  return validFromDate.getTime() + ((validToDate.getTime() - validFromDate.getTime()) * 2) / 3;
}

function isDue(pair: KeyPair, now: Date): boolean {
  return now.getTime() >= dueAt(pair);
}

function issuedAt(pair: KeyPair): number {
  return new X509Certificate(pair.certificate).validFromDate.getTime();
}

function isExpired(certificate: string, now: Date): boolean {
  return now > new X509Certificate(certificate).validToDate;
}

function isSignedBy(pair: KeyPair, authority: KeyPair): boolean {
  return new X509Certificate(pair.certificate).verify(new X509Certificate(authority.certificate).publicKey);
}

function isFor(pair: KeyPair, hosts: readonly string[]): boolean {
  const certificate = new X509Certificate(pair.certificate);
  return hosts.every((host) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined);
}
