import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts what lies in the database, by AES-256-GCM. */
export interface SealedBox {
  /** `about` names the row: what is sealed for one opens for no other. */
  seal(plain: Uint8Array, about: string): Buffer;
  /** Throws when the key is another one, or a byte was changed. */
  open(sealed: Uint8Array, about: string): Buffer;
}

/**
 * A box for one purpose; its key is derived from the configured one, so that no two purposes share a key.
 * @param configured `keyEncryptionKey`: 32 bytes in base64 or base64url.
 */
export function createSealedBox(configured: string | undefined, purpose: string): SealedBox {
  const master = Buffer.from(configured ?? "", "base64");
  if (master.length !== KEY_BYTES) {
    throw new Error(
      "keyEncryptionKey must be 32 bytes in base64. Set the secret AUTH_KEY_ENCRYPTION_KEY (openssl rand -base64 32); " +
        "it encrypts the signing keys in the database and must stay the same.",
    );
  }
  const key = new Uint8Array(hkdfSync("sha256", master, "", `plinth auth ${purpose}`, KEY_BYTES));
  return {
    seal(plain, about) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(about));
      const text = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]);
    },
    open(sealed, about) {
      const tagEnd = NONCE_BYTES + TAG_BYTES;
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(about)).setAuthTag(sealed.subarray(NONCE_BYTES, tagEnd));
      return Buffer.concat([decipher.update(sealed.subarray(tagEnd)), decipher.final()]);
    },
  };
}
