import type { OpenApiDocument } from "../domain/merge-openapi.ts";
import type { Upstreams } from "./upstreams.ts";

const TIMEOUT_MS = 3000;
const MAX_BYTES = 8 * 1024 * 1024;

/** The modules' own documents, asked once per instance and version. A module that does not answer is left out this time. */
export function createOpenApiSource(upstreams: Upstreams): (modules: Iterable<string>) => Promise<Map<string, OpenApiDocument>> {
  const known = new Map<string, { key: string; document: OpenApiDocument }>();

  async function documentOf(module: string): Promise<OpenApiDocument | undefined> {
    const one = upstreams.of(module)?.pick(undefined);
    if (one === undefined) return known.get(module)?.document;
    const key = `${one.instance.id}|${one.instance.version}`;
    const before = known.get(module);
    if (before?.key === key) return before.document;
    try {
      const { statusCode, body } = await one.pool.request({
        method: "GET",
        path: "/openapi.json",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const text = await body.text();
      if (statusCode !== 200 || text.length > MAX_BYTES) return before?.document;
      const document = JSON.parse(text) as OpenApiDocument;
      known.set(module, { key, document });
      return document;
    } catch {
      return before?.document;
    }
  }

  return async (modules) => {
    const documents = new Map<string, OpenApiDocument>();
    await Promise.all(
      [...modules].map(async (module) => {
        const document = await documentOf(module);
        if (document !== undefined) documents.set(module, document);
      }),
    );
    return documents;
  };
}
