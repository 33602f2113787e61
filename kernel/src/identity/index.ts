export { type FetchJson, fetchJwks } from "./fetch-jwks.ts";
export type { ServiceIdentity, UserTokens } from "./identity.ts";
export { type Jwks, type PublicJwk, publicJwk } from "./jwks.ts";
export { createKeyIdentity, type KeyIdentityOptions } from "./key-identity.ts";
export { type KubernetesIdentityOptions, openKubernetesIdentity } from "./kubernetes-identity.ts";
export { ensureModuleKeys, readSigningKey, rotateModuleKeys, type SigningKey } from "./module-keys.ts";
export { type ModulePublicKey, openPublicKeys, type PublicKeys } from "./public-keys.ts";
export { createUserTokens, type UserTokensOptions } from "./user-tokens.ts";
