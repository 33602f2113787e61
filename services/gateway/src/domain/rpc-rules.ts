import { getExtension, hasExtension } from "@bufbuild/protobuf";
import { type FileDescriptorProto, MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { http } from "@plinth/proto/google/api/annotations_pb";
import type { HttpRule } from "@plinth/proto/google/api/http_pb";

/** What a module's descriptors say about one of its methods. */
export interface RpcRule {
  /** `/plinth.blog.v1.BlogService/GetPost`. */
  readonly path: string;
  readonly httpMethod: string;
  /** A path that the method's REST template matches; stands for all of them when its route is looked up. */
  readonly samplePath: string;
  readonly serverStreaming: boolean;
  /** Declared as free of side effects: may be tried again, and asked by GET under Connect. */
  readonly readOnly: boolean;
}

/** The methods that have a REST path. A method without one is not for clients outside. */
export function rpcRulesOf(files: Iterable<FileDescriptorProto>): RpcRule[] {
  const rules: RpcRule[] = [];
  for (const file of files) {
    for (const service of file.service) {
      for (const method of service.method) {
        const options = method.options;
        if (options === undefined || !hasExtension(options, http)) continue;
        const rest = restOf(getExtension(options, http));
        if (rest === undefined) continue;
        rules.push({
          path: `/${file.package === "" ? "" : `${file.package}.`}${service.name}/${method.name}`,
          httpMethod: rest.method,
          samplePath: samplePathOf(rest.template),
          serverStreaming: method.serverStreaming,
          readOnly: options.idempotencyLevel === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
        });
      }
    }
  }
  return rules;
}

function restOf(rule: HttpRule): { method: string; template: string } | undefined {
  const { pattern } = rule;
  if (pattern.case === undefined) return undefined;
  if (pattern.case === "custom") return { method: pattern.value.kind, template: pattern.value.path };
  return { method: pattern.case.toUpperCase(), template: pattern.value };
}

/** `/v1/{name=shelves/*}/books/{id}:lend` → `/v1/shelves/~/books/~:lend`: a wildcard becomes a segment that is no literal of anybody's. */
export function samplePathOf(template: string): string {
  return template
    .replace(/\{[^}=]+=([^}]*)\}/g, "$1")
    .replace(/\{[^}]*\}/g, "~")
    .replace(/\*\*|\*/g, "~");
}
