export type { CallOptions, Client } from "./client.ts";
export { type ClientFactory, type ClientFactoryOptions, createClientFactory } from "./client-factory.ts";
