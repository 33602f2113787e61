import type { JsonObject } from "@bufbuild/protobuf";
import { Ajv } from "ajv";
import { parseDocument } from "yaml";
import type { PolicyEffect } from "../domain/policy.ts";

/** One question and the answer it must get. */
export interface PolicyTest {
  readonly name: string;
  readonly user: { readonly id: string; readonly roles?: readonly string[] };
  readonly permission: string;
  readonly resource?: JsonObject;
  readonly context?: JsonObject;
  readonly expect: PolicyEffect;
  /** The role or the name of the policy that is to decide; `default` for none. Any, where left out. */
  readonly decided_by?: string;
}

/** A file of policies and questions. */
export interface PolicyTestFile {
  /** Roles beside those of the platform and the modules, with their permissions. */
  readonly roles?: Readonly<Record<string, readonly string[]>>;
  readonly policies?: readonly {
    readonly name: string;
    readonly permission: string;
    readonly effect: PolicyEffect;
    readonly expression: string;
  }[];
  readonly tests: readonly PolicyTest[];
}

const text = { type: "string", minLength: 1 };
const EFFECT = { enum: ["allow", "deny"] };
const SCHEMA = {
  type: "object",
  additionalProperties: false,
  required: ["tests"],
  properties: {
    roles: { type: "object", additionalProperties: { type: "array", items: text } },
    policies: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["name", "permission", "effect", "expression"],
        properties: { name: text, permission: text, effect: EFFECT, expression: text },
      },
    },
    tests: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        additionalProperties: false,
        required: ["name", "user", "permission", "expect"],
        properties: {
          name: text,
          user: {
            type: "object",
            additionalProperties: false,
            required: ["id"],
            properties: { id: text, roles: { type: "array", items: text } },
          },
          permission: text,
          resource: { type: "object" },
          context: { type: "object" },
          expect: EFFECT,
          decided_by: text,
        },
      },
    },
  },
};

const validate = new Ajv({ allErrors: true }).compile<PolicyTestFile>(SCHEMA);

/** Throws with every problem and its place in the file. */
export function parsePolicyTests(yaml: string): PolicyTestFile {
  const document = parseDocument(yaml);
  if (document.errors.length > 0) throw new Error(document.errors.map(({ message }) => message).join("\n"));
  const value: unknown = document.toJS();
  if (validate(value)) return value;
  const problems = (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const named = "additionalProperty" in params ? ` (${String(params.additionalProperty)})` : "";
    return `${instancePath === "" ? "the file" : instancePath.slice(1).replaceAll("/", ".")} ${message ?? "is wrong"}${named}`;
  });
  throw new Error(problems.join("\n"));
}
