import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";

const KEY_BYTES = 32;
/** What stands before the 32 bytes of an Ed25519 key in DER: PKCS 8 for a private, SPKI for a public one (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

/** Signs checkpoints. */
export interface CheckpointSigner {
  readonly keyId: string;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Buffer;
  sign(note: string): Buffer;
}

/** Knows the public keys whose checkpoints count. */
export interface KnownKeys {
  /** False also where the key is none of the known. */
  verify(keyId: string, note: string, signature: Uint8Array): boolean;
  find(keyId: string): Buffer | undefined;
}

/** @param seed 32 bytes in base64 or base64url: the private key itself. */
export function createCheckpointSigner(seed: string): CheckpointSigner {
  const bytes = Buffer.from(seed, "base64");
  if (bytes.length !== KEY_BYTES) {
    throw new Error("signingKey must be 32 bytes in base64url. Set the secret AUDIT_SIGNING_KEY (openssl rand -base64 32 | tr '+/' '-_').");
  }
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, bytes]), format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(SPKI.length);
  return { keyId: keyIdOf(publicKey), publicKey, sign: (note) => sign(null, Buffer.from(note), key) };
}

/** @param publicKeys 32 bytes each. */
export function createKnownKeys(publicKeys: readonly Uint8Array[]): KnownKeys {
  const keys = new Map<string, { readonly bytes: Buffer; readonly key: KeyObject }>();
  for (const bytes of publicKeys) {
    if (bytes.length !== KEY_BYTES)
      throw new Error(`A public key of the record has ${bytes.length} bytes; an Ed25519 key has ${KEY_BYTES}.`);
    const key = createPublicKey({ key: Buffer.concat([SPKI, bytes]), format: "der", type: "spki" });
    keys.set(keyIdOf(bytes), { bytes: Buffer.from(bytes), key });
  }
  return {
    verify(keyId, note, signature) {
      const known = keys.get(keyId);
      return known !== undefined && verify(null, Buffer.from(note), known.key, signature);
    },
    find: (keyId) => keys.get(keyId)?.bytes,
  };
}

/** Short enough to compare by eye; says which key, proves nothing. */
export function keyIdOf(publicKey: Uint8Array): string {
  return hash("sha256", publicKey, "hex").slice(0, 16);
}
