import { readdirSync, readFileSync } from "node:fs";
import { join, resolve as resolvePath } from "node:path";
import {
  create,
  createFileRegistry,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  fromBinary,
  getOption,
  hasOption,
  ScalarType,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createValidator } from "@bufbuild/protovalidate";
import { describe, expect, test } from "@jest/globals";
import { AUDIT_TOPIC, parseModuleFiles, resolve, routeTable } from "@plinth/module";
import { http } from "@plinth/proto/google/api/annotations_pb";
import { event } from "@plinth/proto/options/v1/options_pb";
import { type FieldRules, field as fieldRules } from "../proto/gen/buf/validate/validate_pb.js";

/** What module.yaml files and protos say about each other. */

const registry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, readFileSync(resolvePath(import.meta.dirname, "../proto/gen/image.binpb"))),
);
const services = resolvePath(import.meta.dirname, "../services");

/** By module: its proto files, `plinth/<module>/v1/*.proto`. */
const FILES: Record<string, DescFile[]> = Object.fromEntries(
  readdirSync(services).map((module) => {
    const prefix = `plinth.${module.replaceAll("-", "_")}.v`;
    return [module, [...registry.files].filter(({ proto }) => proto.package.startsWith(prefix))];
  }),
);

/** Routes that are served as plain HTTP, not from a proto. */
const PLAIN_ROUTES = [
  "GET /account/verify-email",
  "GET /account/reset-password",
  "GET /.well-known/**",
  "GET /api/v1/blog/rss.xml",
  "GET /api/v1/catalog/products/{id}/picture.svg",
  "POST /api/v1/payment/webhooks/stripe",
  "POST /api/v1/shipping/webhooks/easypost",
];

const parsed = parseModuleFiles(
  readdirSync(services).map((name) => ({ file: name, text: readFileSync(join(services, name, "module.yaml"), "utf8") })),
);
const table = routeTable(parsed.modules);

const methodsOf = (module: string): DescMethod[] =>
  (FILES[module] ?? []).flatMap((file) => file.services.flatMap((service) => service.methods));
const fullName = (method: DescMethod): string => `${method.parent.typeName}/${method.name}`;
const messages = Object.entries(FILES).flatMap(([module, files]) =>
  files.flatMap((file) => file.messages.map((message) => ({ module, message }))),
);

/** `POST /api/v1/blog/posts/{id}:publish`, and what else leads to the method; empty for one that is not reachable from outside. */
function bindingsOf(method: DescMethod): { method: string; path: string }[] {
  if (!hasOption(method, http)) return [];
  const rule = getOption(method, http);
  return [rule, ...rule.additionalBindings].map(({ pattern }) => {
    if (pattern.case === undefined || pattern.case === "custom") throw new Error(`${fullName(method)} has no usual HTTP method`);
    return { method: pattern.case.toUpperCase(), path: pattern.value };
  });
}

describe("the declared modules", () => {
  test("fit together, and call RPC methods that there are", () => {
    expect(parsed.problems).toEqual([]);
    const { order, rejected, waiting, warnings } = resolve(parsed.modules, {
      locate: parsed.locate,
      local: true,
      rpcMethods: (module) => new Set(methodsOf(module).map(fullName)),
    });
    expect({ rejected, waiting, warnings }).toEqual({ rejected: [], waiting: [], warnings: [] });
    expect(order).toHaveLength(readdirSync(services).length);
  });

  test("route every REST path of their protos, by a template of the same form", () => {
    const unrouted = Object.keys(FILES).flatMap((module) =>
      methodsOf(module)
        .flatMap(bindingsOf)
        .flatMap((rule) => {
          const match = table.match(rule.method, rule.path.replaceAll(/\{[^}]+\}/g, "some-value"));
          return match?.module === module && match.route.path === rule.path ? [] : [`${rule.method} ${rule.path}`];
        }),
    );
    expect(unrouted).toEqual([]);
  });

  test("have no route that nothing answers", () => {
    const rules = Object.keys(FILES).flatMap((module) => methodsOf(module).flatMap(bindingsOf));
    // The own account has narrower routes beside those for the accounts of others.
    const answered = new Set([...rules.map(({ method, path }) => `${method} ${path}`), ...PLAIN_ROUTES, "GET /api/v1/users/me/export"]);
    const declared = table.list().flatMap((route) => route.methods.map((method) => `${method} ${route.path}`));
    expect(declared.filter((route) => !answered.has(route))).toEqual([]);
  });

  test("publish every event of their protos, and no other", () => {
    const inProtos = messages.flatMap(({ module, message }) => {
      if (!hasOption(message, event)) return [];
      const { topic, type } = getOption(message, event);
      return topic === AUDIT_TOPIC ? [] : [`${module}: ${type} on ${topic}`];
    });
    const declared = parsed.modules.flatMap(({ metadata, spec }) =>
      (spec.events?.publishes ?? []).flatMap(({ topic, types }) => types.map((type) => `${metadata.name}: ${type} on ${topic}`)),
    );
    expect(declared.sort()).toEqual(inProtos.sort());
  });
});

describe("the protos", () => {
  test("key every event by a field that must be there", () => {
    const unkeyed = messages.filter(({ message }) => {
      if (!hasOption(message, event)) return false;
      const key = message.fields.find((field) => field.name === getOption(message, event).key);
      return key === undefined || rulesOf(key)?.required !== true;
    });
    expect(unkeyed.map(({ message }) => message.typeName)).toEqual([]);
  });

  test("have validation rules that compile", () => {
    const validator = createValidator();
    const broken = messages.flatMap(({ message }) => {
      const { kind, error } = validator.validate(message, create(message));
      return kind === "error" ? [`${message.typeName}: ${error.message}`] : [];
    });
    expect(broken).toEqual([]);
  });

  test("bound every text, list and map of every request", () => {
    const requests = Object.keys(FILES).flatMap((module) => methodsOf(module).map((method) => method.input));
    expect([...new Set(requests.flatMap((message) => unboundedFields(message, new Set())))]).toEqual([]);
  });
});

function rulesOf(field: DescField): FieldRules | undefined {
  return hasOption(field, fieldRules) ? getOption(field, fieldRules) : undefined;
}

function unboundedFields(message: DescMessage, seen: Set<string>): string[] {
  // A Struct and a file are bounded by the limit of the whole body.
  if (seen.has(message.typeName) || /^google\.(protobuf\.|api\.HttpBody$)/.test(message.typeName)) return [];
  seen.add(message.typeName);
  return message.fields.flatMap((field) => {
    const below = field.message === undefined ? [] : unboundedFields(field.message, seen);
    return isBounded(field) ? below : [`${message.typeName}.${field.name}`, ...below];
  });
}

function isBounded(field: DescField): boolean {
  const type = rulesOf(field)?.type;
  switch (field.fieldKind) {
    case "scalar":
      return type?.case === "string" ? isBoundedText(type.value) : field.scalar !== ScalarType.STRING && field.scalar !== ScalarType.BYTES;
    case "list":
      return (
        type?.case === "repeated" && type.value.maxItems > 0n && (field.scalar !== ScalarType.STRING || isBoundedItem(type.value.items))
      );
    case "map":
      return (
        type?.case === "map" &&
        type.value.maxPairs > 0n &&
        isBoundedItem(type.value.keys) &&
        (field.scalar !== ScalarType.STRING || isBoundedItem(type.value.values))
      );
    default:
      return true;
  }
}

function isBoundedItem(rules: FieldRules | undefined): boolean {
  return rules?.type.case === "string" && isBoundedText(rules.type.value);
}

/** A pattern without star and plus has an end. */
function isBoundedText({ maxLen, pattern, in: allowed }: { maxLen: bigint; pattern: string; in: string[] }): boolean {
  return maxLen > 0n || allowed.length > 0 || (pattern !== "" && !/[^\\][*+]/.test(pattern));
}
