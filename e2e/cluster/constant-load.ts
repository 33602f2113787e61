import { Agent, request } from "node:http";

export interface LoadReport {
  readonly sent: number;
  /** What went wrong, by what was seen: a status or an error code. */
  readonly failures: ReadonlyMap<string, number>;
  /** Answers by their body: which version served. */
  readonly bodies: ReadonlyMap<string, number>;
}

export interface ConstantLoad {
  /** What was seen so far. */
  report(): LoadReport;
  stop(): Promise<LoadReport>;
}

const ANSWER_LIMIT_MS = 10_000;

/**
 * Asks `url` `perSecond` times a second, each with a connection of its own in every tenth case, and counts all that is not 200: what a client sees
 * while a version is rolled out.
 */
export function startConstantLoad(url: string, perSecond: number): ConstantLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const failures = new Map<string, number>();
  const bodies = new Map<string, number>();
  const open = new Set<Promise<void>>();
  let sent = 0;

  function once(): Promise<void> {
    const fresh = sent++ % 10 === 0;
    return new Promise((resolve) => {
      const asked = request(url, { agent: fresh ? false : agent, timeout: ANSWER_LIMIT_MS }, (response) => {
        let body = "";
        response.on("data", (chunk) => (body += chunk));
        response.on("end", () => {
          if (response.statusCode === 200) count(bodies, body.trim());
          else count(failures, `${response.statusCode} ${body.replace(/"request_id":"[^"]*"/, "").slice(0, 300)}`);
          resolve();
        });
        response.on("error", failed);
      });
      const failed = (error: NodeJS.ErrnoException): void => {
        // A kept connection that the server closed just before is no failed request: any client sends it anew.
        if (!fresh && error.code === "ECONNRESET" && asked.reusedSocket) void track(once());
        else count(failures, error.code ?? error.message);
        resolve();
      };
      asked.on("error", failed);
      asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
      asked.end();
    });
  }
  function track(asking: Promise<void>): Promise<void> {
    const done = asking.finally(() => open.delete(done));
    open.add(done);
    return done;
  }

  const timer = setInterval(() => void track(once()), 1000 / perSecond);
  const report = (): LoadReport => ({ sent, failures: new Map(failures), bodies: new Map(bodies) });
  return {
    report,
    async stop() {
      clearInterval(timer);
      while (open.size > 0) await Promise.all(open);
      agent.destroy();
      return report();
    },
  };
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
