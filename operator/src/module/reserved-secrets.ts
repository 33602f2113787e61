import type { IsReservedSecret } from "@plinth/module";
import { databaseSecretName, ownerSecretName } from "./desired/names.ts";

/**
 * Secrets whose content no module's image may see: the administrator's URL of Postgres, and the database roles of any module, there yet or not. Its own
 * service role is in a module's pod anyhow, and may be named.
 */
export function reservedSecrets(databaseSecret: string): IsReservedSecret {
  return ({ metadata }, { from: { secret } }) => {
    if (secret === databaseSecret || secret.endsWith(ownerSecretName(""))) return true;
    return secret.endsWith(databaseSecretName("")) && secret !== databaseSecretName(metadata.name);
  };
}
