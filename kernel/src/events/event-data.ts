import type { DescMessage, JsonValue, Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create, fromJson, toJson } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator } from "@bufbuild/protovalidate";
import { internal, validation } from "../base/errors.ts";
import type { EventDescription } from "./describe-event.ts";

/** One for the process: it keeps what it compiled per message type. */
const validator = createValidator();

/** An event's data as it travels. */
export interface EventData {
  readonly key: string;
  /** proto3 JSON. */
  readonly data: JsonValue;
}

/** Checks the event against the rules in its proto and writes it as proto3 JSON. Throws VALIDATION_ERROR. */
export function encodeEvent<M extends DescMessage>(description: EventDescription<M>, init: MessageInitShape<M>): EventData {
  const message = create(description.schema, init);
  check(description, message);
  const { keyField } = description;
  const key = String((message as unknown as Record<string, unknown>)[keyField.localName] ?? "");
  if (key === "") throw validation({ [keyField.name]: `must not be empty: it is the key of ${description.type}` });
  return { key, data: toJson(description.schema, message) };
}

/** Reads data from the bus. Fields this version does not know are left out, since newer minor versions only add. */
export function decodeEvent<M extends DescMessage>(description: EventDescription<M>, data: unknown): MessageShape<M> {
  let message: MessageShape<M>;
  try {
    message = fromJson(description.schema, data as JsonValue, { ignoreUnknownFields: true });
  } catch (error) {
    throw validation({ data: error instanceof Error ? error.message : String(error) }, { cause: error });
  }
  check(description, message);
  return message;
}

function check(description: EventDescription, message: Message): void {
  const result = validator.validate(description.schema, message);
  if (result.kind === "valid") return;
  if (result.kind === "error") throw internal(`The rules of ${description.type} cannot be evaluated.`, { cause: result.error });
  const problems: Record<string, string> = {};
  for (const violation of result.violations) {
    const field = pathToString(violation.field);
    problems[field] = problems[field] === undefined ? violation.message : `${problems[field]}; ${violation.message}`;
  }
  throw validation(problems);
}
