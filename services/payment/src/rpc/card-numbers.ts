import type { DescMessage, Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { validation } from "@plinth/kernel/base";
import { holdsCardNumber } from "../domain/card-number.ts";

/**
 * Refuses a request with the number of a card in any of its texts: VALIDATION_ERROR, reason CARD_NUMBER_REFUSED. Names the fields and never shows
 * what is in them.
 */
export function refuseCardNumbers(schema: DescMessage, request: Message): void {
  const found = [...fieldsWithCardNumbers(reflect(schema, request), "")];
  if (found.length === 0) return;
  const problem = "looks like the number of a card; send the token that the provider gave for it";
  throw validation(Object.fromEntries(found.map((field) => [field, problem])), { reason: "CARD_NUMBER_REFUSED" });
}

function* fieldsWithCardNumbers(message: ReflectMessage, path: string): Generator<string> {
  for (const field of message.fields) {
    const name = `${path}${field.name}`;
    if (field.fieldKind === "message" && message.isSet(field)) yield* fieldsWithCardNumbers(message.get(field), `${name}.`);
    if (field.fieldKind === "scalar" && holdsCardNumber(String(message.get(field)))) yield name;
  }
}
