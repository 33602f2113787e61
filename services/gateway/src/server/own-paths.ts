import { createHash } from "node:crypto";
import type { Health } from "@plinth/kernel/health";
import { docsPage } from "@plinth/kernel/rpc";
import type { Metrics } from "@plinth/kernel/telemetry";
import type { OwnAnswer } from "./gateway-parts.ts";

const JSON_TYPE = "application/json; charset=utf-8";

export interface OwnPathParts {
  readonly health: Pick<Health, "alive" | "report" | "ready">;
  readonly metrics: Pick<Metrics, "text" | "contentType">;
  openApi(): Promise<object>;
}

/** What the gateway answers itself, by path. */
export function ownPaths({ health, metrics, openApi }: OwnPathParts): Map<string, () => Promise<OwnAnswer> | OwnAnswer> {
  const report = async (): Promise<OwnAnswer> => {
    const [ready, body] = await Promise.all([health.ready(), health.report()]);
    return { status: ready ? 200 : 503, contentType: JSON_TYPE, body: JSON.stringify(body) };
  };
  return new Map<string, () => Promise<OwnAnswer> | OwnAnswer>([
    [
      "/healthz",
      () => {
        const alive = health.alive();
        return { status: alive ? 200 : 503, contentType: JSON_TYPE, body: JSON.stringify({ status: alive ? "ok" : "down" }) };
      },
    ],
    ["/ready", report],
    ["/health", report],
    ["/metrics", async () => ({ status: 200, contentType: metrics.contentType, body: await metrics.text() })],
    ["/openapi.json", async () => ({ status: 200, contentType: JSON_TYPE, body: JSON.stringify(await openApi()) })],
    ["/docs", async () => documentation(JSON.stringify(await openApi()))],
  ]);
}

/** The page runs its own script and style and nothing else. */
function documentation(documentJson: string): OwnAnswer {
  const { html, script, style } = docsPage(documentJson);
  const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; frame-ancestors 'none'; base-uri 'none'`;
  return { status: 200, contentType: "text/html; charset=utf-8", body: html, headers: ["content-security-policy", policy] };
}
