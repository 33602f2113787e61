import { type DescField, getOption, hasOption } from "@bufbuild/protobuf";
import { type FieldRules, field as fieldRulesOption } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

export type Schema = Record<string, unknown>;

/** The `buf.validate` rules of a field; undefined where it has none. */
export function rulesOf(field: DescField): FieldRules | undefined {
  return hasOption(field, fieldRulesOption) ? getOption(field, fieldRulesOption) : undefined;
}

const STRING_FORMATS: Readonly<Record<string, string>> = {
  email: "email",
  hostname: "hostname",
  ipv4: "ipv4",
  ipv6: "ipv6",
  uri: "uri",
  uriRef: "uri-reference",
  uuid: "uuid",
};

/** The rules of a single value that JSON Schema can say too; rules in CEL it cannot. */
export function constraintsOf(rules: FieldRules | undefined): Schema {
  if (rules === undefined) return {};
  const { type } = rules;
  switch (type.case) {
    case "string": {
      const { minLen, maxLen, len, pattern, in: allowed, prefix, wellKnown } = type.value;
      const format = wellKnown.case === undefined ? undefined : STRING_FORMATS[wellKnown.case];
      return {
        ...(minLen > 0n && { minLength: Number(minLen) }),
        ...(maxLen > 0n && { maxLength: Number(maxLen) }),
        ...(len > 0n && { minLength: Number(len), maxLength: Number(len) }),
        ...(pattern !== "" ? { pattern } : prefix !== "" && { pattern: `^${escapePattern(prefix)}` }),
        ...(allowed.length > 0 && { enum: allowed }),
        ...(format !== undefined && { format }),
      };
    }
    case "int32":
    case "uint32":
    case "sint32":
    case "fixed32":
    case "sfixed32":
    case "float":
    case "double": {
      const { greaterThan, lessThan } = type.value;
      return {
        ...(greaterThan.case === "gte" && { minimum: greaterThan.value }),
        ...(greaterThan.case === "gt" && { exclusiveMinimum: greaterThan.value }),
        ...(lessThan.case === "lte" && { maximum: lessThan.value }),
        ...(lessThan.case === "lt" && { exclusiveMaximum: lessThan.value }),
        ...(type.value.in.length > 0 && { enum: type.value.in }),
      };
    }
    default:
      return {};
  }
}

/** The rules of a list itself and, by `items`, of what is in it. */
export function listConstraintsOf(rules: FieldRules | undefined): { list: Schema; items: FieldRules | undefined } {
  if (rules?.type.case !== "repeated") return { list: {}, items: undefined };
  const { minItems, maxItems, unique, items } = rules.type.value;
  const list = {
    ...(minItems > 0n && { minItems: Number(minItems) }),
    ...(maxItems > 0n && { maxItems: Number(maxItems) }),
    ...(unique && { uniqueItems: true }),
  };
  return { list, items };
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
