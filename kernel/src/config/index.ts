export type { Config, ConfigEntry } from "./config.ts";
export { ConfigError, type ConfigProblem } from "./config-error.ts";
export { kernelSchema } from "./kernel-schema.ts";
export type { CallSettings, KernelSettings, ListenAddress } from "./kernel-settings.ts";
export { type LoadConfigOptions, loadConfig } from "./load-config.ts";
export type { SecretSource } from "./secret-source.ts";
