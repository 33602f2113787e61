import { type DescField, type DescMessage, type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { http } from "@plinth/proto/google/api/annotations_pb";
import type { HttpRule } from "@plinth/proto/google/api/http_pb";
import { type PathTemplate, parsePathTemplate } from "./path-template.ts";

/** A message of bytes with a media type: as an answer or a body REST carries the bytes as they are. */
export const RAW_BODY = "google.api.HttpBody";

/** One REST way to a method. */
export interface HttpBinding {
  readonly httpMethod: string;
  /** As it stands in the proto. */
  readonly path: string;
  readonly template: PathTemplate;
  /** `*`: the whole message; a field; undefined: no body. */
  readonly body: "*" | DescField | undefined;
  /** The field that is the answer; undefined: the whole message. */
  readonly responseBody: DescField | undefined;
}

/** The bindings of a method's `google.api.http` option, the main one first; none where it has no option. */
export function bindingsOf(method: DescMethod): HttpBinding[] {
  if (!hasOption(method, http)) return [];
  const rule = getOption(method, http);
  return [rule, ...rule.additionalBindings].map((one) => bindingOf(method, one));
}

function bindingOf(method: DescMethod, rule: HttpRule): HttpBinding {
  const { pattern } = rule;
  const where = `${method.parent.typeName}/${method.name}`;
  if (pattern.case === undefined) throw new Error(`${where} has a google.api.http rule without a path.`);
  const path = pattern.case === "custom" ? pattern.value.path : pattern.value;
  const httpMethod = pattern.case === "custom" ? pattern.value.kind : pattern.case.toUpperCase();
  const template = parsePathTemplate(path);
  for (const { fieldPath } of template.variables) {
    if (fieldAt(method.input, fieldPath) === undefined)
      throw new Error(`${where}: ${path} names ${fieldPath}, which ${method.input.typeName} lacks.`);
  }
  return {
    httpMethod,
    path,
    template,
    body: rule.body === "*" ? "*" : bodyField(method.input, rule.body, where),
    responseBody: bodyField(method.output, rule.responseBody, where),
  };
}

function bodyField(message: DescMessage, name: string, where: string): DescField | undefined {
  if (name === "") return undefined;
  const field = message.fields.find((one) => one.name === name);
  if (field === undefined) throw new Error(`${where}: the body ${name} is no field of ${message.typeName}.`);
  return field;
}

/** Whether the body of a binding is bytes with a media type of their own: a file, not JSON. */
export function takesFile({ body }: HttpBinding): boolean {
  return typeof body === "object" && body.message?.typeName === RAW_BODY;
}

/** The field by its proto or JSON name. */
export function fieldNamed(message: DescMessage, name: string): DescField | undefined {
  return message.fields.find((field) => field.name === name || field.jsonName === name);
}

/** The field at the end of a dotted path, proto or JSON names. */
export function fieldAt(message: DescMessage, path: string): DescField | undefined {
  let current: DescMessage | undefined = message;
  let field: DescField | undefined;
  for (const name of path.split(".")) {
    field = current === undefined ? undefined : fieldNamed(current, name);
    if (field === undefined) return undefined;
    current = field.fieldKind === "message" ? field.message : undefined;
  }
  return field;
}
