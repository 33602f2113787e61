import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";

/** An example of a message in proto3 JSON, always the same for the same message. Of the fields of a oneof it has the first. */
export function exampleOf(schema: DescMessage): unknown {
  return exampleMessage(schema, []);
}

const TIME = "2026-01-31T09:30:00Z";

/** `path` is what the example is inside of: a message within itself is left out. */
function exampleMessage(schema: DescMessage, path: readonly DescMessage[]): unknown {
  const wellKnown = WELL_KNOWN[schema.typeName];
  if (wellKnown !== undefined) return wellKnown;
  const inside = [...path, schema];
  const example: Record<string, unknown> = {};
  for (const field of schema.fields) {
    if (field.oneof !== undefined && field.oneof.fields[0] !== field) continue;
    if (field.message !== undefined && inside.includes(field.message)) continue;
    example[field.jsonName] = exampleField(field, inside);
  }
  return example;
}

function exampleField(field: DescField, path: readonly DescMessage[]): unknown {
  const value = exampleValue(field, path);
  if (field.fieldKind === "list") return [value];
  return field.fieldKind === "map" ? { key: value } : value;
}

function exampleValue(field: DescField, path: readonly DescMessage[]): unknown {
  if (field.message !== undefined) return exampleMessage(field.message, path);
  // The first value stands for "not said".
  if (field.enum !== undefined) return (field.enum.values[1] ?? field.enum.values[0])?.name;
  switch (field.scalar) {
    case ScalarType.BOOL:
      return true;
    case ScalarType.BYTES:
      return "AQI=";
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return 1.5;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return "1";
    case ScalarType.STRING:
      return exampleText(field.name);
    default:
      return 1;
  }
}

/** Told by the field's name: ids look like ids, addresses like addresses. */
function exampleText(name: string): string {
  if (name === "id" || name.endsWith("_id")) return `${name.replace(/_?id$/, "").slice(0, 4) || "id"}_01h455vb4pex5vsknk084sn02q`;
  if (name.includes("email")) return "bob@example.com";
  if (name.includes("slug")) return "a-first-post";
  return name.replaceAll("_", " ");
}

const WELL_KNOWN: Readonly<Record<string, unknown>> = {
  "google.protobuf.Timestamp": TIME,
  "google.protobuf.Duration": "1.500s",
  "google.protobuf.FieldMask": "title",
  "google.protobuf.Empty": {},
  "google.protobuf.Struct": { key: "value" },
  "google.protobuf.Value": "value",
  "google.protobuf.ListValue": ["value"],
  "google.protobuf.Any": { "@type": "type.googleapis.com/google.protobuf.Empty", value: {} },
  "google.protobuf.StringValue": "text",
  "google.protobuf.BytesValue": "AQI=",
  "google.protobuf.BoolValue": true,
  "google.protobuf.DoubleValue": 1.5,
  "google.protobuf.FloatValue": 1.5,
  "google.protobuf.Int32Value": 1,
  "google.protobuf.UInt32Value": 1,
  "google.protobuf.Int64Value": "1",
  "google.protobuf.UInt64Value": "1",
};
