import type { KubeObject } from "./object.ts";

const INITIAL_END = "k8s.io/initial-events-end";

/** True for the bookmark that ends a stream of initial objects. */
export function isInitialEnd({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[INITIAL_END] === "true";
}

/** Objects that come as a stream instead of a list: nobody is told of them before all are there. */
export interface InitialObjects<T> {
  /** Changes may come among them. */
  apply(type: "ADDED" | "MODIFIED" | "DELETED", object: T): void;
  all(): T[];
}

export function createInitialObjects<T extends KubeObject>(): InitialObjects<T> {
  const objects = new Map<string, T>();
  return {
    apply(type, object) {
      const { namespace = "", name } = object.metadata;
      const key = `${namespace}/${name}`;
      if (type === "DELETED") objects.delete(key);
      else objects.set(key, object);
    },
    all: () => [...objects.values()],
  };
}
