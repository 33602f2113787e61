import type { KubeObject } from "@plinth/kernel/kube";
import type { Parts } from "../parts.ts";
import type { Resolved } from "../resolved.ts";
import { buildRevision } from "../revisions.ts";
import { childMetadata } from "./metadata.ts";

/** The accepted spec, kept: what `plinth history` shows and `plinth rollback` goes back to. Its content never changes, only its number. */
export function buildControllerRevision({ module }: Resolved, { revision }: Pick<Parts, "revision">): KubeObject {
  const object = buildRevision(module, revision);
  const { name, annotations = {} } = object.metadata;
  return { ...object, metadata: childMetadata(module, name, { annotations }) };
}
