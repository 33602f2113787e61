import type { DescMessage, Message } from "@bufbuild/protobuf";
import { getOption, hasOption } from "@bufbuild/protobuf";
import type { Path } from "@bufbuild/protobuf/reflect";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import { field as fieldRules, message as messageRules, oneof as oneofRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { internal, type PlinthError, validation } from "../base/errors.ts";
import { plainRulesOf } from "./plain-rules.ts";

/** One for the process: it keeps what it compiled per message type. */
const validator = createValidator();

/** Throws VALIDATION_ERROR with one entry per field that breaks a rule. */
export type MessageCheck = (message: Message) => void;

/** Writes the path of a field as the caller knows it; undefined leaves it in proto names. */
export type FieldNaming = (path: Path) => string;

/** Carries violations until the transport, which knows what the client wrote, names the fields. */
export class RuleViolations extends Error {
  readonly violations: readonly Violation[];

  constructor(violations: readonly Violation[]) {
    super("The request breaks the rules of its message.");
    this.name = "RuleViolations";
    this.violations = violations;
  }

  toPlinthError(nameOf: FieldNaming = protoPath): PlinthError {
    const fields: Record<string, string> = {};
    for (const violation of this.violations) {
      const name = nameOf(violation.field);
      const earlier = fields[name];
      fields[name] = earlier === undefined ? violation.message : `${earlier}; ${violation.message}`;
    }
    return validation(fields);
  }
}

/** The check of a message type; undefined where neither it nor anything in it has a rule. */
export function checkOf(schema: DescMessage): MessageCheck | undefined {
  if (!hasRules(schema, new Set())) return undefined;
  const surelyValid = plainRulesOf(schema);
  return (message) => {
    if (surelyValid?.(message)) return;
    const result = validator.validate(schema, message);
    if (result.kind === "valid") return;
    if (result.kind === "invalid") throw new RuleViolations(result.violations);
    throw internal(`The rules of ${schema.typeName} cannot be evaluated.`, { cause: result.error });
  };
}

/** `note.tags[2]`, `labels["a"]`: proto names all the way. */
export function protoPath(path: Path): string {
  return writePath(path, (member) => member.name);
}

/** Writes a path with a name of the caller's choice for each field in it. */
export function writePath(path: Path, nameOf: (member: { name: string; jsonName?: string }, depth: number) => string): string {
  let written = "";
  for (const [depth, member] of path.entries()) {
    if (member.kind === "list_sub") written += `[${member.index}]`;
    else if (member.kind === "map_sub") written += `[${JSON.stringify(typeof member.key === "bigint" ? String(member.key) : member.key)}]`;
    else written += `${written === "" ? "" : "."}${nameOf(member, depth)}`;
  }
  return written;
}

/** Deep: a rule anywhere below counts. `seen` ends the walk in recursive types. */
function hasRules(schema: DescMessage, seen: Set<DescMessage>): boolean {
  if (seen.has(schema)) return false;
  seen.add(schema);
  if (hasOption(schema, messageRules)) return true;
  if (schema.oneofs.some((oneof) => hasOption(oneof, oneofRules) && getOption(oneof, oneofRules).required)) return true;
  return schema.fields.some((field) => hasOption(field, fieldRules) || (field.message !== undefined && hasRules(field.message, seen)));
}
