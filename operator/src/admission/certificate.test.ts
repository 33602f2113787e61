import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { AUTHORITY_DAYS, authorityBundle, newMaterial, renewalDueInMs, renewMaterial, SERVING_DAYS } from "./certificate-material.ts";
import { buildCertificateSecret, readCertificateSecret } from "./certificate-secret.ts";

const HOSTS = ["plinth-webhook.plinth.svc", "127.0.0.1"];
const START = new Date("2026-01-01T00:00:00Z");
const after = (days: number): Date => new Date(START.getTime() + days * 24 * 60 * 60_000);
const read = (pem: string): X509Certificate => new X509Certificate(pem);

describe("the webhook's certificates", () => {
  test("are for the hosts, signed by the authority, for 90 days", async () => {
    const { serving, authority } = await newMaterial(HOSTS, START);
    const certificate = read(serving.certificate);
    expect(certificate.verify(read(authority.certificate).publicKey)).toBe(true);
    expect(certificate.checkIssued(read(authority.certificate))).toBe(true);
    expect(certificate.checkHost("plinth-webhook.plinth.svc")).toBeDefined();
    expect(certificate.checkIP("127.0.0.1")).toBeDefined();
    expect(certificate.checkHost("other.plinth.svc")).toBeUndefined();
    expect(certificate.ca).toBe(false);
    expect(read(authority.certificate).ca).toBe(true);
    expect(certificate.validToDate).toEqual(after(SERVING_DAYS));
    expect(read(authority.certificate).validToDate).toEqual(after(AUTHORITY_DAYS));
    expect(certificate.validFromDate < START).toBe(true);
  });

  test("stay as they are until two thirds of their life are over", async () => {
    const material = await newMaterial(HOSTS, START);
    expect(await renewMaterial(material, HOSTS, after(59))).toBe(material);
    expect(renewalDueInMs(material, after(59))).toBeGreaterThan(0);
    expect(renewalDueInMs(material, after(61))).toBe(0);
    const renewed = await renewMaterial(material, HOSTS, after(61));
    expect(renewed.serving).not.toEqual(material.serving);
    expect(renewed.authority).toEqual(material.authority);
  });

  test("are replaced when the hosts change", async () => {
    const material = await newMaterial(HOSTS, START);
    const moved = await renewMaterial(material, ["plinth-webhook.elsewhere.svc"], START);
    expect(read(moved.serving.certificate).checkHost("plinth-webhook.elsewhere.svc")).toBeDefined();
  });

  test("are never signed by an authority that was not announced a day before", async () => {
    const first = await newMaterial(HOSTS, START);
    const due = after((AUTHORITY_DAYS * 2) / 3 + 1);
    const announced = await renewMaterial(first, HOSTS, due);
    expect(announced.nextAuthority).toBeDefined();
    expect(read(announced.serving.certificate).verify(read(first.authority.certificate).publicKey)).toBe(true);
    expect(authorityBundle(announced).match(/BEGIN/g)).toHaveLength(2);
    expect(await renewMaterial(announced, HOSTS, new Date(due.getTime() + 60_000))).toBe(announced);

    const dayLater = new Date(due.getTime() + 25 * 60 * 60_000);
    expect(renewalDueInMs(announced, dayLater)).toBe(0);
    const promoted = await renewMaterial(announced, HOSTS, dayLater);
    expect(promoted.authority).toEqual(announced.nextAuthority);
    expect(promoted.nextAuthority).toBeUndefined();
    expect(read(promoted.serving.certificate).verify(read(promoted.authority.certificate).publicKey)).toBe(true);
    // Who still holds the old bundle, or is still served the old certificate, verifies as before.
    expect(authorityBundle(announced)).toContain(promoted.authority.certificate);
    expect(authorityBundle(promoted)).toContain(first.authority.certificate);

    const expired = await renewMaterial(promoted, HOSTS, after(AUTHORITY_DAYS + 1));
    expect(authorityBundle(expired)).not.toContain(first.authority.certificate);
  });

  test("come back from the Secret as they went in", async () => {
    const material = await newMaterial(HOSTS, START);
    expect(readCertificateSecret(buildCertificateSecret("plinth", "tls", material))).toEqual(material);
    const announced = await renewMaterial(material, HOSTS, after((AUTHORITY_DAYS * 2) / 3 + 1));
    expect(readCertificateSecret(buildCertificateSecret("plinth", "tls", announced))).toEqual(announced);
  });

  test("are made anew where the Secret is broken", async () => {
    const one = buildCertificateSecret("plinth", "tls", await newMaterial(HOSTS, START));
    const other = buildCertificateSecret("plinth", "tls", await newMaterial(HOSTS, START));
    const key = { "tls.key": other.data?.["tls.key"] ?? "" };
    expect(readCertificateSecret({ ...one, data: { ...one.data, ...key } })).toBeUndefined();
    expect(readCertificateSecret({ ...one, data: { ...one.data, "ca.crt": "cnViYmlzaA==" } })).toBeUndefined();
    expect(readCertificateSecret({ ...one, data: {} })).toBeUndefined();
  });
});
