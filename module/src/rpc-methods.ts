import type { RpcMethods } from "./rules/shared-names.ts";

/** What of a proto file's descriptor tells the methods: any `google.protobuf.FileDescriptorProto` does. */
export interface DescribedFile {
  readonly package: string;
  readonly service: readonly { readonly name: string; readonly method: readonly { readonly name: string }[] }[];
}

/** `plinth.price_list.v1` is a package of module `price-list`. */
const PACKAGE = /^[a-z0-9_]+\.(?<module>[a-z0-9_]+)\.v[0-9]+[a-z0-9]*$/;

/** What descriptors say of each module's RPC methods; unknown for modules that have no proto among them. */
export function rpcMethodsOf(files: Iterable<DescribedFile>): RpcMethods {
  const byModule = new Map<string, Set<string>>();
  for (const file of files) {
    const module = PACKAGE.exec(file.package)?.groups?.module?.replaceAll("_", "-");
    if (module === undefined) continue;
    const methods = byModule.get(module) ?? new Set();
    byModule.set(module, methods);
    for (const service of file.service) {
      for (const method of service.method) methods.add(`${file.package}.${service.name}/${method.name}`);
    }
  }
  return (module) => byModule.get(module);
}
