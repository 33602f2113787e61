import { type Agent, request } from "node:http";

/** Sends JSON as a browser does: over connections it keeps, with the cookies it was given. */
export interface Browser {
  /** Throws where the answer is not 2xx, with what it says. */
  send(
    method: "GET" | "POST" | "PUT" | "PATCH",
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<unknown>;
}

/** Who waits longer has gone away. */
const PATIENCE_MS = 30_000;

export function openBrowser(port: number, connections: Agent): Browser {
  const cookies = new Map<string, string>();
  return {
    send: (method, path, body, extraHeaders = {}) =>
      new Promise((resolve, reject) => {
        const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
        const headers: Record<string, string> = { accept: "application/json", ...extraHeaders };
        if (cookies.size > 0) headers.cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
        if (payload !== undefined) Object.assign(headers, { "content-type": "application/json", "content-length": String(payload.length) });
        const call = request({ host: "127.0.0.1", port, method, path, headers, agent: connections, timeout: PATIENCE_MS }, (answer) => {
          for (const cookie of answer.headers["set-cookie"] ?? []) keep(cookie);
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.once("error", reject);
          answer.once("end", () => {
            const text = Buffer.concat(chunks).toString();
            const status = answer.statusCode ?? 0;
            if (status < 200 || status > 299)
              return reject(new Error(`${method} ${path.split("?")[0]} answered ${status}: ${text.slice(0, 300)}`));
            resolve(JSON.parse(text));
          });
        });
        call.once("timeout", () =>
          call.destroy(new Error(`${method} ${path.split("?")[0]} was not answered within ${PATIENCE_MS / 1000} s`)),
        );
        call.once("error", reject);
        call.end(payload);
      }),
  };

  function keep(cookie: string): void {
    const [name = "", value = ""] = cookie.split(";", 1)[0]?.split(/=(.*)/s) ?? [];
    cookies.set(name.trim(), value.trim());
  }
}
