export { createSecrets, type SecretsOptions } from "./create-secrets.ts";
export type { Secrets } from "./secrets.ts";
