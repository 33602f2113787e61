import { clone, type DescField, type DescMessage, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";

/** Passwords, tokens, codes: fields with `debug_redact`. What has them is not stored beside the service's own rows. */
function isSecret(field: DescField): boolean {
  return field.proto.options?.debugRedact === true;
}

/** Whether there is a secret in the message or anywhere below it. */
export function hasSecrets(message: DescMessage, seen: Set<DescMessage> = new Set()): boolean {
  if (seen.has(message)) return false;
  seen.add(message);
  return message.fields.some((field) => isSecret(field) || (field.message !== undefined && hasSecrets(field.message, seen)));
}

/** The message as it may be remembered: without its own secrets, a message below that has any left out as a whole. */
export function withoutSecrets(schema: DescMessage, message: Message): Message {
  const secret = schema.fields.filter((field) => isSecret(field) || (field.message !== undefined && hasSecrets(field.message)));
  if (secret.length === 0) return message;
  const copy = clone(schema, message);
  const fields = reflect(schema, copy);
  for (const field of secret) fields.clear(field);
  return copy;
}
