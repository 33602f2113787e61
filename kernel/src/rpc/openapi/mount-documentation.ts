import { createHash } from "node:crypto";
import type { Express } from "express";
import { docsPage } from "./docs-page.ts";
import { type Documented, openApiDocument } from "./openapi-document.ts";

/** `/openapi.json` and `/docs`, made when first asked for. They say what the protos say, which is no secret: no token. */
export function mountDocumentation(app: Express, documented: Documented): void {
  let json: string | undefined;
  const text = () => {
    json ??= JSON.stringify(openApiDocument(documented));
    return json;
  };
  app.get("/openapi.json", (_request, response) => {
    response.type("application/json").send(text());
  });
  app.get("/docs", (_request, response) => {
    const { html, script, style } = docsPage(text());
    // The page's own script and style, by their hashes, and nothing else.
    response.setHeader(
      "content-security-policy",
      `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; frame-ancestors 'none'`,
    );
    response.type("html").send(html);
  });
}

function hashOf(source: string): string {
  return `'sha256-${createHash("sha256").update(source).digest("base64")}'`;
}
