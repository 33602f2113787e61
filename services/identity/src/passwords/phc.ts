/** A hash in the PHC string format: `$scheme$v=19$m=65536,t=3,p=4$salt$hash`, both last parts in unpadded base64. */
export interface PhcHash {
  readonly scheme: string;
  readonly version?: number;
  readonly parameters: Readonly<Record<string, number>>;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

export function toPhc({ scheme, version, parameters, salt, hash }: PhcHash): string {
  const listed = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  const parts = [scheme, ...(version === undefined ? [] : [`v=${version}`]), listed.join(","), unpadded(salt), unpadded(hash)];
  return `$${parts.join("$")}`;
}

/** Throws where the text is not of this format; the text itself is never part of the message. */
export function fromPhc(text: string): PhcHash {
  const [empty, scheme, ...rest] = text.split("$");
  const version = rest[0]?.startsWith("v=") ? Number(rest.shift()?.slice(2)) : undefined;
  const [listed, salt, hash, extra] = rest;
  if (empty !== "" || !scheme || !listed || !salt || !hash || extra !== undefined) throw new Error("Not a password hash in PHC format.");
  const parameters = Object.fromEntries(
    listed
      .split(",")
      .map((pair) => pair.split("="))
      .map(([name, value]) => [name, integer(value)]),
  );
  const decoded = { salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") };
  if (decoded.salt.length < 8 || decoded.hash.length < 16)
    throw new Error("A password hash needs 8 bytes of salt and 16 of hash at least.");
  return { scheme, ...(version === undefined ? {} : { version }), parameters, ...decoded };
}

function integer(text: string | undefined): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error("A password hash has a parameter that is no positive integer.");
  return value;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
