import { hash } from "node:crypto";
import type { KubeObject } from "@plinth/kernel/kube";
import { canonicalJson } from "./canonical-json.ts";

/** Annotation of a child with the hash of what it should be: whether something new is wanted shows without comparing. */
export const DESIRED_HASH = "plinth.dev/desired-hash";

/** Hash of any JSON value, independent of the order of keys: `length` hexadecimal digits. */
export function hashOf(value: unknown, length = 16): string {
  return hash("sha256", canonicalJson(value)).slice(0, length);
}

/** The object with the hash of itself, as it is to be applied. */
export function withDesiredHash(object: KubeObject): KubeObject {
  const { metadata } = object;
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, [DESIRED_HASH]: hashOf(object) } } };
}
