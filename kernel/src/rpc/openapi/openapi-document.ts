import { type DescField, type DescMessage, type DescMethod, type DescService, ScalarType } from "@bufbuild/protobuf";
import { HTTP_STATUS } from "../../http/envelope.ts";
import { takesKeys } from "../idempotency.ts";
import { bindingsOf, fieldAt, type HttpBinding, RAW_BODY, takesFile } from "../transcoding/http-rules.ts";
import type { PathVariable, Segment } from "../transcoding/path-template.ts";
import { isValueMessage } from "../transcoding/query-fields.ts";
import type { Schema } from "./field-rules.ts";
import { SchemaCollector } from "./message-schemas.ts";
import { type Comments, protoComments } from "./proto-comments.ts";

/** What a document is made from. */
export interface Documented {
  readonly title: string;
  readonly version: string;
  readonly services: readonly DescService[];
}

const ERROR_SCHEMA: Schema = {
  type: "object",
  required: ["success", "error", "meta"],
  properties: {
    success: { const: false },
    error: {
      type: "object",
      required: ["code", "message", "details"],
      properties: {
        code: { type: "string", enum: Object.keys(HTTP_STATUS) },
        message: { type: "string" },
        details: {
          type: "object",
          properties: {
            reason: { type: "string" },
            metadata: { type: "object", additionalProperties: { type: "string" } },
            field_errors: { type: "object", additionalProperties: { type: "string" } },
          },
        },
      },
    },
    meta: { $ref: "#/components/schemas/Meta" },
  },
};

const META_SCHEMA: Schema = { type: "object", required: ["request_id"], properties: { request_id: { type: "string" } } };

/** How deep nested fields are spelt out as query parameters. */
const QUERY_DEPTH = 3;

/** The OpenAPI 3.1 document of a module's REST paths, from the descriptors that serve them. */
export function openApiDocument({ title, version, services }: Documented, comments: Comments = protoComments()): Schema {
  const collector = new SchemaCollector(comments);
  const paths: Record<string, Record<string, Schema>> = {};
  for (const service of services) {
    for (const method of service.methods) {
      for (const [index, binding] of bindingsOf(method).entries()) {
        const path = openApiPath(binding);
        paths[path] ??= {};
        paths[path][binding.httpMethod.toLowerCase()] = { ...describe(comments, method), ...operation(collector, method, binding, index) };
      }
    }
  }
  return {
    openapi: "3.1.0",
    info: { title, version },
    paths,
    components: {
      schemas: { ...collector.schemas, Error: ERROR_SCHEMA, Meta: META_SCHEMA },
      securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  };
}

function describe(comments: Comments, method: DescMethod): Schema {
  const description = comments.get(`${method.parent.typeName}.${method.name}`);
  return description === undefined ? {} : { summary: description.split("\n")[0], description };
}

function operation(collector: SchemaCollector, method: DescMethod, binding: HttpBinding, index: number): Schema {
  const { input } = method;
  const inPath = new Set(binding.template.variables.map((variable) => variable.fieldPath));
  const parameters = binding.template.variables.map((variable) => pathParameter(collector, input, variable));
  if (binding.body !== "*") {
    const open = input.fields.filter((field) => field !== binding.body && !inPath.has(field.name));
    parameters.push(...queryParameters(collector, open, "", inPath, 0));
  }
  if (takesKeys(method) && binding.httpMethod === "POST") {
    parameters.push({ name: "Idempotency-Key", in: "header", schema: { type: "string", maxLength: 255 } });
  }
  return {
    operationId: index === 0 ? `${method.parent.name}_${method.name}` : `${method.parent.name}_${method.name}_${index + 1}`,
    tags: [method.parent.name],
    security: [{ bearer: [] }, {}],
    ...(parameters.length > 0 && { parameters }),
    ...(binding.body !== undefined && { requestBody: requestBody(collector, input, binding, inPath) }),
    responses: {
      "2XX": answer(collector, method, binding),
      default: { description: "Refused or failed.", content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } } },
    },
  };
}

function requestBody(collector: SchemaCollector, input: DescMessage, binding: HttpBinding, inPath: ReadonlySet<string>): Schema {
  if (takesFile(binding)) return { required: true, content: { "*/*": { schema: { type: "string", format: "binary" } } } };
  let schema: Schema;
  if (binding.body !== "*" && binding.body !== undefined) schema = collector.field(binding.body);
  else if (inPath.size === 0) schema = collector.message(input);
  else schema = collector.object(input.fields.filter((field) => !inPath.has(field.name)));
  return { required: true, content: { "application/json": { schema } } };
}

function answer(collector: SchemaCollector, method: DescMethod, binding: HttpBinding): Schema {
  if (method.methodKind === "server_streaming" && method.output.typeName === RAW_BODY) {
    return { description: "A file.", content: { "*/*": { schema: { type: "string", format: "binary" } } } };
  }
  const data = binding.responseBody === undefined ? collector.message(method.output) : collector.field(binding.responseBody);
  if (method.methodKind === "server_streaming") {
    const line = { type: "object", properties: { success: { type: "boolean" }, data } };
    return {
      description: "A line for each message; an error is the last line.",
      content: { "application/x-ndjson": { schema: line }, "text/event-stream": { schema: { type: "string" } } },
    };
  }
  const schema = {
    type: "object",
    required: ["success", "data", "meta"],
    properties: { success: { const: true }, data, meta: { $ref: "#/components/schemas/Meta" } },
  };
  return { description: "Done.", content: { "application/json": { schema } } };
}

function pathParameter(collector: SchemaCollector, input: DescMessage, { fieldPath }: PathVariable): Schema {
  const field = fieldAt(input, fieldPath);
  return { name: fieldPath, in: "path", required: true, schema: field === undefined ? { type: "string" } : collector.field(field) };
}

function queryParameters(
  collector: SchemaCollector,
  fields: readonly DescField[],
  prefix: string,
  taken: ReadonlySet<string>,
  depth: number,
): Schema[] {
  return fields.flatMap((field): Schema[] => {
    const name = prefix + field.name;
    if (taken.has(name) || field.fieldKind === "map") return [];
    const nested = field.message !== undefined && !isValueMessage(field.message);
    if (nested && field.fieldKind === "message" && depth < QUERY_DEPTH) {
      return queryParameters(collector, field.message.fields, `${name}.`, taken, depth + 1);
    }
    if (nested) return [];
    return [{ name, in: "query", schema: querySchema(collector, field) }];
  });
}

function querySchema(collector: SchemaCollector, field: DescField): Schema {
  const schema = collector.field(field);
  // A flag may stand without a value.
  return field.scalar === ScalarType.BOOL ? { type: "boolean" } : schema;
}

/** `/v1/{name=shelves/*}:publish` has no counterpart in OpenAPI: the variable is one parameter, slashes and all. */
function openApiPath({ template }: HttpBinding): string {
  const parts: string[] = [];
  for (let at = 0; at < template.segments.length; at++) {
    const variable = template.variables.find(({ start }) => start === at);
    if (variable !== undefined) {
      parts.push(`{${variable.fieldPath}}`);
      at = variable.end - 1;
    } else {
      parts.push(textOf(template.segments[at]));
    }
  }
  return `/${parts.join("/")}${template.verb === "" ? "" : `:${template.verb}`}`;
}

function textOf(segment: Segment | undefined): string {
  return segment?.kind === "literal" ? segment.text : "*";
}
