import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import { constraintsOf, listConstraintsOf, rulesOf, type Schema } from "./field-rules.ts";
import type { Comments } from "./proto-comments.ts";

/** 64-bit numbers are text in JSON, for JavaScript has no room for them. */
const SCALARS: Readonly<Record<ScalarType, Schema>> = {
  [ScalarType.DOUBLE]: { type: "number", format: "double" },
  [ScalarType.FLOAT]: { type: "number", format: "float" },
  [ScalarType.INT64]: { type: "string", format: "int64", pattern: "^-?[0-9]+$" },
  [ScalarType.SINT64]: { type: "string", format: "int64", pattern: "^-?[0-9]+$" },
  [ScalarType.SFIXED64]: { type: "string", format: "int64", pattern: "^-?[0-9]+$" },
  [ScalarType.UINT64]: { type: "string", format: "uint64", pattern: "^[0-9]+$" },
  [ScalarType.FIXED64]: { type: "string", format: "uint64", pattern: "^[0-9]+$" },
  [ScalarType.INT32]: { type: "integer", format: "int32" },
  [ScalarType.SINT32]: { type: "integer", format: "int32" },
  [ScalarType.SFIXED32]: { type: "integer", format: "int32" },
  [ScalarType.UINT32]: { type: "integer", format: "uint32", minimum: 0 },
  [ScalarType.FIXED32]: { type: "integer", format: "uint32", minimum: 0 },
  [ScalarType.BOOL]: { type: "boolean" },
  [ScalarType.STRING]: { type: "string" },
  [ScalarType.BYTES]: { type: "string", contentEncoding: "base64" },
};

/** Well-known types and their JSON form. */
const WELL_KNOWN: Readonly<Record<string, Schema>> = {
  "google.protobuf.Timestamp": { type: "string", format: "date-time" },
  "google.protobuf.Duration": { type: "string", pattern: "^-?[0-9]+(\\.[0-9]{1,9})?s$" },
  "google.protobuf.FieldMask": { type: "string" },
  "google.protobuf.Empty": { type: "object" },
  "google.protobuf.Struct": { type: "object" },
  "google.protobuf.ListValue": { type: "array", items: {} },
  "google.protobuf.Value": {},
  "google.protobuf.Any": { type: "object", properties: { "@type": { type: "string" } } },
};

/** Collects the schemas of messages and enums under the names by which they are referred to. */
export class SchemaCollector {
  readonly schemas: Record<string, Schema> = {};
  readonly #comments: Comments;

  constructor(comments: Comments) {
    this.#comments = comments;
  }

  /** A reference to the message's schema, which is made at the first. */
  message(desc: DescMessage): Schema {
    const wellKnown = WELL_KNOWN[desc.typeName];
    if (wellKnown !== undefined) return wellKnown;
    const wrapped = wrappedField(desc);
    if (wrapped?.scalar !== undefined) return { ...SCALARS[wrapped.scalar] };
    const name = desc.typeName;
    if (this.schemas[name] === undefined) {
      const schema: Schema = {};
      // Before its fields, which may lead back to it.
      this.schemas[name] = schema;
      Object.assign(schema, this.#described(name), this.object(desc.fields));
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  /** An object of some of a message's fields, by their proto names. */
  object(fields: readonly DescField[]): Schema {
    const required = fields.filter(isRequired).map((field) => field.name);
    return {
      type: "object",
      properties: Object.fromEntries(fields.map((field) => [field.name, this.field(field)])),
      ...(required.length > 0 && { required }),
    };
  }

  field(field: DescField): Schema {
    return { ...this.#plainField(field), ...this.#described(`${field.parent.typeName}.${field.name}`) };
  }

  #described(name: string): Schema {
    const description = this.#comments.get(name);
    return description === undefined ? {} : { description };
  }

  #plainField(field: DescField): Schema {
    const rules = rulesOf(field);
    switch (field.fieldKind) {
      case "list": {
        const { list, items } = listConstraintsOf(rules);
        return { type: "array", items: withConstraints(this.#value(field), constraintsOf(items)), ...list };
      }
      case "map":
        return { type: "object", additionalProperties: this.#value(field) };
      default:
        return withConstraints(this.#value(field), allowsEmpty(field) ? {} : constraintsOf(rules));
    }
  }

  #value(field: DescField): Schema {
    if (field.message !== undefined) return this.message(field.message);
    if (field.enum !== undefined) return this.#enum(field.enum);
    return { ...SCALARS[field.scalar ?? ScalarType.STRING] };
  }

  #enum(desc: DescEnum): Schema {
    this.schemas[desc.typeName] ??= { ...this.#described(desc.typeName), type: "string", enum: desc.values.map((value) => value.name) };
    return { $ref: `#/components/schemas/${desc.typeName}` };
  }
}

/** A value at its zero is not checked where the rule says so, and JSON Schema has no words for that. */
function allowsEmpty(field: DescField): boolean {
  return (rulesOf(field)?.ignore ?? 0) !== 0;
}

function isRequired(field: DescField): boolean {
  const rules = rulesOf(field);
  if (rules?.required === true) return true;
  // A rule that the zero value breaks makes the field as good as required.
  const implicit = field.presence === Presence.IMPLICIT && !allowsEmpty(field);
  return (
    implicit && field.fieldKind === "scalar" && rules?.type.case === "string" && (rules.type.value.minLen > 0n || rules.type.value.len > 0n)
  );
}

function withConstraints(schema: Schema, constraints: Schema): Schema {
  return Object.keys(constraints).length === 0 ? schema : { ...schema, ...constraints };
}

function wrappedField(desc: DescMessage): DescField | undefined {
  return /^google\.protobuf\.\w+Value$/.test(desc.typeName) ? desc.fields.find((field) => field.name === "value") : undefined;
}
