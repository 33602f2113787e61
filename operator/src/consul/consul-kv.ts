/** A key of Consul's key-value store. */
export interface ConsulEntry {
  readonly key: string;
  readonly value: string;
  /** Whatever the writer meant by them; 0 unless one said so. */
  readonly flags: number;
}

/** As much of Consul's key-value store as the operator needs. Every call throws where the agent does not answer as it should. */
export interface ConsulKv {
  /** All keys that begin so, as one consistent reading. */
  list(prefix: string, signal: AbortSignal): Promise<ConsulEntry[]>;
  put(entry: ConsulEntry, signal: AbortSignal): Promise<void>;
  /** What is not there is no failure. */
  delete(key: string, signal: AbortSignal): Promise<void>;
}

export interface ConsulKvOptions {
  /** Base URL of the agent. */
  readonly url: string;
  /** Of an ACL policy that may read and write the keys. */
  readonly token?: string;
}

const DEADLINE_MS = 10_000;

interface Pair {
  readonly Key: string;
  readonly Flags: number;
  /** Base64; null where it is empty. */
  readonly Value: string | null;
}

export function createConsulKv({ url, token }: ConsulKvOptions): ConsulKv {
  const base = new URL("v1/kv/", url.endsWith("/") ? url : `${url}/`);

  async function ask(method: string, key: string, query: string, signal: AbortSignal, body?: string): Promise<Response> {
    const answer = await fetch(new URL(key.split("/").map(encodeURIComponent).join("/") + query, base), {
      method,
      signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
      ...(token !== undefined && { headers: { "X-Consul-Token": token } }),
      ...(body !== undefined && { body }),
    });
    if (answer.ok || (answer.status === 404 && method === "GET")) return answer;
    throw new Error(`Consul answered ${answer.status} to ${method} ${key}: ${(await answer.text()).trim()}`);
  }

  /** Consul says whether it did as it was told. */
  async function change(method: string, key: string, query: string, signal: AbortSignal, body?: string): Promise<void> {
    const said = (await (await ask(method, key, query, signal, body)).text()).trim();
    if (said !== "true") throw new Error(`Consul did not do it, and said ${said} to ${method} ${key}`);
  }

  return {
    async list(prefix, signal) {
      const answer = await ask("GET", prefix, "?recurse=true&consistent", signal);
      if (answer.status === 404) {
        await answer.body?.cancel();
        return [];
      }
      const pairs = (await answer.json()) as Pair[];
      return pairs.map(({ Key, Flags, Value }) => ({ key: Key, flags: Flags, value: Buffer.from(Value ?? "", "base64").toString() }));
    },
    put: ({ key, value, flags }, signal) => change("PUT", key, `?flags=${flags}`, signal, value),
    delete: (key, signal) => change("DELETE", key, "", signal),
  };
}
