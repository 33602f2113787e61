import type { KubeClient, KubeObject } from "@plinth/kernel/kube";
import { KINDS } from "../kube/kinds.ts";
import { objectKey } from "../runtime/object-key.ts";
import type { Store } from "../runtime/store.ts";

/** Which keys the Secrets have that modules name. Values are not kept, but for those that are asked for. */
export interface SecretKeys {
  /** Undefined while it is not known: then `learn` has to ask first. */
  has(namespace: string, secret: string, key: string): boolean | undefined;
  /** Reads those of the Secrets that are not known as they are now. True: something is known now that was not. */
  learn(namespace: string, secrets: readonly string[], signal: AbortSignal): Promise<boolean>;
  /** A value, read anew for each version of the Secret. */
  findValue(namespace: string, secret: string, key: string, signal: AbortSignal): Promise<string | undefined>;
}

interface Known {
  readonly resourceVersion: string | undefined;
  readonly keys: ReadonlySet<string>;
  readonly values: Map<string, string>;
}

/** `metadata` says which Secrets there are; only those that are asked for are read, each once a version. */
export function createSecretKeys(client: KubeClient, metadata: Store<KubeObject>): SecretKeys {
  const known = new Map<string, Known>();
  metadata.onChange(({ type, object }) => {
    if (type === "deleted") known.delete(objectKey(object.metadata.namespace, object.metadata.name));
  });

  function current(namespace: string, secret: string): Known | undefined {
    const seen = metadata.get(namespace, secret);
    const found = known.get(objectKey(namespace, secret));
    return seen !== undefined && found?.resourceVersion === seen.metadata.resourceVersion ? found : undefined;
  }

  async function read(namespace: string, secret: string, wanted: readonly string[], signal: AbortSignal): Promise<Known | undefined> {
    const found = await client.find(KINDS.Secret, { namespace, name: secret }, { signal });
    if (found === undefined) return undefined;
    const data = (found.data ?? {}) as Readonly<Record<string, string>>;
    const values = wanted.flatMap((key) => (data[key] === undefined ? [] : [[key, Buffer.from(data[key], "base64").toString()] as const]));
    const entry = { resourceVersion: found.metadata.resourceVersion, keys: new Set(Object.keys(data)), values: new Map(values) };
    known.set(objectKey(namespace, secret), entry);
    return entry;
  }

  return {
    has(namespace, secret, key) {
      if (metadata.get(namespace, secret) === undefined) return false;
      // What was known of an older version counts until it is read again, so that nothing flickers.
      return known.get(objectKey(namespace, secret))?.keys.has(key);
    },
    async learn(namespace, secrets, signal) {
      const unknown = [...new Set(secrets)].filter(
        (secret) => metadata.get(namespace, secret) !== undefined && current(namespace, secret) === undefined,
      );
      const before = unknown.map((secret) => known.get(objectKey(namespace, secret))?.keys);
      const after = await Promise.all(unknown.map((secret) => read(namespace, secret, [], signal)));
      return after.some((entry, index) => !isSameSet(entry?.keys, before[index]));
    },
    async findValue(namespace, secret, key, signal) {
      if (metadata.get(namespace, secret) === undefined) return undefined;
      const entry = current(namespace, secret);
      const value = entry?.values.get(key);
      if (value !== undefined || entry?.keys.has(key) === false) return value;
      return (await read(namespace, secret, [key], signal))?.values.get(key);
    },
  };
}

function isSameSet(one: ReadonlySet<string> | undefined, other: ReadonlySet<string> | undefined): boolean {
  return one !== undefined && other !== undefined && one.size === other.size && [...one].every((key) => other.has(key));
}
