import { createHash } from "node:crypto";
import { type DescMethod, getOption, type Message } from "@bufbuild/protobuf";
import { GATEWAY_MODULE } from "@plinth/module";
import { names_guest as namesGuest } from "@plinth/proto/options/v1/options_pb";
import type { Call } from "./call.ts";

/** Whose Idempotency-Key it is; undefined where nobody can tell, and the key is not looked at. */
export type KeyHolder = (call: Call, request: Message) => string | undefined;

/**
 * Keys are kept apart by whoever sends them, for the answer to a key goes to whoever sends it again. A user is known by their token, a module by its. Guests
 * have nothing of the kind, and they all come through the gateway: what tells one from another is what only they know, the fields with `names_guest`.
 * Two guests with the same key never meet, whatever their requests look like: who names the same cart is the same guest. Where a request names none,
 * as one that makes a cart, the key does not count: the body would not tell guests apart, nor would their address, and the answer to one of them would
 * hand their cart to another. So such a method must do no harm when it is done twice.
 */
export function keyHolderOf({ input }: DescMethod): KeyHolder {
  const names = input.fields.filter((field) => getOption(field, namesGuest)).map(({ localName }) => localName);
  return ({ user, caller }, request) => {
    if (user !== undefined) return user.id;
    // What modules call by themselves they do under names of their own making.
    if (caller !== GATEWAY_MODULE) return "";
    if (names.length === 0) return undefined;
    const values = names.map((name) => String((request as unknown as Record<string, unknown>)[name]));
    return `guest:${createHash("sha256").update(JSON.stringify(values)).digest("hex")}`;
  };
}
