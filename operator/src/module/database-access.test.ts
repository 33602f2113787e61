import { expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import type { Module } from "@plinth/module";
import { databaseAccess } from "./database-access.ts";

const aModule = (rotation?: string): Module => ({
  apiVersion: "plinth.dev/v1alpha1",
  kind: "Module",
  metadata: { name: "price-list", ...(rotation !== undefined && { annotations: { "plinth.dev/rotate-database": rotation } }) },
  spec: { version: "1.0.0", database: {} },
});

const aSecret = (url: string, rotation?: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "s", ...(rotation !== undefined && { annotations: { "plinth.dev/rotate-database": rotation } }) },
  data: { url: Buffer.from(url).toString("base64") },
});

const kept = { service: aSecret("postgres://price_list:one@old/db"), owner: aSecret("postgres://price_list_owner:two@old/db") };
const made = (): string => "made";

test("passwords are made where there are none", () => {
  expect(databaseAccess(aModule(), "postgres://admin:x@host:1/db?sslmode=require", { service: undefined, owner: undefined }, made)).toEqual(
    {
      username: "price_list",
      password: "made",
      url: "postgres://price_list:made@host:1/db?sslmode=require",
      ownerUrl: "postgres://price_list_owner:made@host:1/db?sslmode=require",
    },
  );
});

test("passwords are kept, and the host follows the administrator's", () => {
  expect(databaseAccess(aModule(), "postgres://admin:x@new/db", kept, made)).toMatchObject({
    url: "postgres://price_list:one@new/db",
    ownerUrl: "postgres://price_list_owner:two@new/db",
  });
});

test("a rotation that the Secrets do not know makes new ones, and one that they know does not", () => {
  expect(databaseAccess(aModule("r1"), "postgres://admin:x@h/db", kept, made).password).toBe("made");
  const rotated = { service: aSecret("postgres://price_list:one@old/db", "r1"), owner: kept.owner };
  expect(databaseAccess(aModule("r1"), "postgres://admin:x@h/db", rotated, made).password).toBe("one");
  expect(databaseAccess(aModule("r2"), "postgres://admin:x@h/db", rotated, made).password).toBe("made");
});
