export type { Discovery, Instance } from "./discovery.ts";
export { openFileDiscovery } from "./file-discovery.ts";
export { createStaticDiscovery } from "./static-discovery.ts";
