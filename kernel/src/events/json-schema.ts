import type { DescEnum, DescField, DescMessage } from "@bufbuild/protobuf";
import { getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import { type FieldRules, field as fieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { describeEvent } from "./describe-event.ts";
import { exampleOf } from "./json-example.ts";

export type JsonSchema = { [keyword: string]: unknown };

/** The JSON Schema (2020-12) of an event's data as it travels, with an example: for documentation and for consumers outside. */
export function buildEventJsonSchema(schema: DescMessage): JsonSchema {
  const { name, type, version } = describeEvent(schema);
  const definitions: Record<string, JsonSchema> = {};
  const { title: _, ...body } = messageSchema(schema, definitions);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:plinth:event:${type}:${version}`,
    title: name,
    ...body,
    ...(Object.keys(definitions).length > 0 && { $defs: definitions }),
    examples: [exampleOf(schema)],
  };
}

function messageSchema(schema: DescMessage, definitions: Record<string, JsonSchema>): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const field of schema.fields) {
    const rules = hasOption(field, fieldRules) ? getOption(field, fieldRules) : undefined;
    properties[field.jsonName] = { ...fieldSchema(field, definitions), ...limits(rules) };
    if (rules?.required) required.push(field.jsonName);
  }
  // No additionalProperties: newer minor versions add fields.
  return { title: schema.name, type: "object", properties, ...(required.length > 0 && { required }) };
}

function fieldSchema(field: DescField, definitions: Record<string, JsonSchema>): JsonSchema {
  switch (field.fieldKind) {
    case "scalar":
      return scalarSchema(field.scalar);
    case "enum":
      return enumSchema(field.enum);
    case "message":
      return referenceTo(field.message, definitions);
    case "list":
      return { type: "array", items: valueSchema(field, field.listKind, definitions) };
    case "map":
      return { type: "object", additionalProperties: valueSchema(field, field.mapKind, definitions) };
  }
}

function valueSchema(field: DescField, kind: "scalar" | "enum" | "message", definitions: Record<string, JsonSchema>): JsonSchema {
  if (kind === "message" && field.message !== undefined) return referenceTo(field.message, definitions);
  if (kind === "enum" && field.enum !== undefined) return enumSchema(field.enum);
  return scalarSchema(field.scalar ?? ScalarType.STRING);
}

/** Messages are defined once and referred to, so that a message may contain itself. */
function referenceTo(schema: DescMessage, definitions: Record<string, JsonSchema>): JsonSchema {
  const wellKnown = WELL_KNOWN[schema.typeName];
  if (wellKnown !== undefined) return { ...wellKnown };
  if (definitions[schema.typeName] === undefined) {
    definitions[schema.typeName] = {}; // Known from here on: the message may contain itself.
    definitions[schema.typeName] = messageSchema(schema, definitions);
  }
  return { $ref: `#/$defs/${schema.typeName}` };
}

function enumSchema({ typeName, values }: DescEnum): JsonSchema {
  return typeName === "google.protobuf.NullValue" ? { type: "null" } : { type: "string", enum: values.map(({ name }) => name) };
}

/** As proto3 JSON writes them: 64-bit integers as strings, bytes as base64. */
function scalarSchema(scalar: ScalarType): JsonSchema {
  switch (scalar) {
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.STRING:
      return { type: "string" };
    case ScalarType.BYTES:
      return { type: "string", contentEncoding: "base64" };
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { type: "number" };
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return { type: "string", pattern: "^-?[0-9]+$" };
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return { type: "string", pattern: "^[0-9]+$" };
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return { type: "integer", minimum: 0 };
    default:
      return { type: "integer" };
  }
}

const WELL_KNOWN: Readonly<Record<string, JsonSchema>> = {
  "google.protobuf.Timestamp": { type: "string", format: "date-time" },
  "google.protobuf.Duration": { type: "string", pattern: "^-?[0-9]+(\\.[0-9]+)?s$" },
  "google.protobuf.FieldMask": { type: "string" },
  "google.protobuf.Empty": { type: "object" },
  "google.protobuf.Struct": { type: "object" },
  "google.protobuf.Value": {},
  "google.protobuf.ListValue": { type: "array" },
  "google.protobuf.Any": { type: "object", properties: { "@type": { type: "string" } }, required: ["@type"] },
  "google.protobuf.StringValue": { type: "string" },
  "google.protobuf.BytesValue": { type: "string", contentEncoding: "base64" },
  "google.protobuf.BoolValue": { type: "boolean" },
  "google.protobuf.DoubleValue": { type: "number" },
  "google.protobuf.FloatValue": { type: "number" },
  "google.protobuf.Int32Value": { type: "integer" },
  "google.protobuf.UInt32Value": { type: "integer", minimum: 0 },
  "google.protobuf.Int64Value": { type: "string", pattern: "^-?[0-9]+$" },
  "google.protobuf.UInt64Value": { type: "string", pattern: "^[0-9]+$" },
};

/** The rules that JSON Schema has a word for. */
function limits(rules: FieldRules | undefined): JsonSchema {
  const found: JsonSchema = {};
  const put = (keyword: string, value: unknown): void => {
    if (value !== undefined && value !== 0n && value !== "") found[keyword] = typeof value === "bigint" ? Number(value) : value;
  };
  const type = rules?.type;
  if (rules?.required && type?.case === "string") found.minLength = 1;
  if (type?.case === "string") {
    put("minLength", type.value.minLen);
    put("maxLength", type.value.maxLen);
    put("pattern", type.value.pattern);
  } else if (type?.case === "repeated") {
    put("minItems", type.value.minItems);
    put("maxItems", type.value.maxItems);
  } else if (type?.case === "map") {
    put("maxProperties", type.value.maxPairs);
  } else if (type?.case === "int32" || type?.case === "uint32" || type?.case === "double" || type?.case === "float") {
    const { greaterThan, lessThan } = type.value;
    if (greaterThan.case === "gte") found.minimum = greaterThan.value;
    if (greaterThan.case === "gt") found.exclusiveMinimum = greaterThan.value;
    if (lessThan.case === "lte") found.maximum = lessThan.value;
    if (lessThan.case === "lt") found.exclusiveMaximum = lessThan.value;
  }
  return found;
}
