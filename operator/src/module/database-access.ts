import { randomBytes } from "node:crypto";
import type { KubeObject } from "@plinth/kernel/kube";
import type { Module } from "@plinth/module";
import { ROTATE_DATABASE } from "./desired/database-secrets.ts";
import type { DatabaseAccess } from "./parts.ts";

/** Makes a password; replaced in tests. */
export type NewPassword = () => string;

/** 192 random bits, in characters that need no quoting in a URL. */
export const newPassword: NewPassword = () => randomBytes(24).toString("base64url");

/**
 * A module's roles on Postgres. Passwords are those that its Secrets have; they are made where there are none, and anew when the Module asks for a
 * rotation that the Secrets do not know. Host and database are the administrator's, and follow them.
 */
export function databaseAccess(
  module: Module,
  administratorUrl: string,
  secrets: { readonly service: KubeObject | undefined; readonly owner: KubeObject | undefined },
  makePassword: NewPassword = newPassword,
): DatabaseAccess {
  const username = module.metadata.name.replaceAll("-", "_");
  const isRotated = (secret: KubeObject | undefined): boolean => {
    const asked = module.metadata.annotations?.[ROTATE_DATABASE];
    return secret !== undefined && asked !== undefined && secret.metadata.annotations?.[ROTATE_DATABASE] !== asked;
  };
  const kept = (secret: KubeObject | undefined): string | undefined =>
    isRotated(secret) ? undefined : passwordIn(secretValue(secret, "url"));
  const password = kept(secrets.service) ?? makePassword();
  const ownerPassword = kept(secrets.owner) ?? makePassword();
  return {
    username,
    password,
    url: urlAs(administratorUrl, username, password),
    ownerUrl: urlAs(administratorUrl, `${username}_owner`, ownerPassword),
  };
}

function secretValue(secret: KubeObject | undefined, key: string): string | undefined {
  const value = (secret?.data as Readonly<Record<string, string>> | undefined)?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString();
}

function passwordIn(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const password = decodeURIComponent(new URL(url).password);
  return password === "" ? undefined : password;
}

function urlAs(administratorUrl: string, user: string, password: string): string {
  const url = new URL(administratorUrl);
  url.username = user;
  url.password = password;
  return url.href;
}
