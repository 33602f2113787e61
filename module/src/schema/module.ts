import { type Static, Type } from "@sinclair/typebox";
import * as field from "./field-types.ts";
import { ModuleSpec } from "./spec.ts";
import { ModuleStatus } from "./status.ts";

export const API_GROUP = "plinth.dev";
export const API_VERSION = "v1alpha1";

/** The fields of Kubernetes' ObjectMeta: a live object carries those that the API server writes. */
const Metadata = Type.Object(
  {
    name: field.name({ description: "The module's name; the Kubernetes Service has the same." }),
    namespace: Type.Optional(field.plain(63)),
    labels: Type.Optional(field.textMap("Labels.")),
    annotations: Type.Optional(
      Type.Unsafe<Record<string, string>>({ type: "object", additionalProperties: { type: "string" }, description: "Annotations." }),
    ),
    creationTimestamp: Type.Optional(Type.Unsafe<string | null>({ type: ["string", "null"] })),
    deletionTimestamp: Type.Optional(Type.String()),
    deletionGracePeriodSeconds: Type.Optional(Type.Integer()),
    finalizers: Type.Optional(Type.Array(Type.String())),
    generateName: Type.Optional(Type.String()),
    generation: Type.Optional(Type.Integer()),
    managedFields: Type.Optional(Type.Array(Type.Unknown())),
    ownerReferences: Type.Optional(Type.Array(Type.Unknown())),
    resourceVersion: Type.Optional(Type.String()),
    selfLink: Type.Optional(Type.String()),
    uid: Type.Optional(Type.String()),
  },
  field.closed,
);

export const Module = Type.Object(
  {
    apiVersion: field.oneOf([`${API_GROUP}/${API_VERSION}`]),
    kind: field.oneOf(["Module"]),
    metadata: Metadata,
    spec: ModuleSpec,
    status: Type.Optional(ModuleStatus),
  },
  {
    ...field.closed,
    "x-kubernetes-validations": [
      {
        // The API server's estimate knows no bound of metadata.name: a comparison costs the shorter side, startsWith would cost the longer.
        rule: "!has(self.spec.permissions) || self.spec.permissions.all(p, p.code.split('.')[0] == self.metadata.name)",
        message: "a permission begins with the name of its module",
      },
      {
        rule: "!has(self.spec.dependencies) || self.spec.dependencies.all(d, d.module != self.metadata.name)",
        message: "a module cannot depend on itself",
      },
      {
        rule: "self.metadata.name == 'audit' || !has(self.spec.events) || !has(self.spec.events.subscribes) || self.spec.events.subscribes.all(s, s.topic != 'platform.audit')",
        message: "only the module audit reads platform.audit",
      },
    ],
  },
);

/** A service, declared as a Kubernetes resource: the one thing that its team writes about how it runs. */
export type Module = Static<typeof Module>;
