export type { Discovery, Instance } from "./discovery.ts";
export { createDnsDiscovery, type DeclaredPorts, type DnsDiscoveryOptions } from "./dns-discovery.ts";
export { type EndpointSliceDiscoveryOptions, openEndpointSliceDiscovery } from "./endpointslice-discovery.ts";
export { openFileDiscovery } from "./file-discovery.ts";
export { createStaticDiscovery } from "./static-discovery.ts";
