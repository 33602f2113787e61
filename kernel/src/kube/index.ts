export type { KubeObject, ObjectMeta, OwnerReference, Resource } from "./object.ts";
