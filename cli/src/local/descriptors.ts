import { existsSync, readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { RpcMethods } from "@plinth/module";

/** What `plinth generate` makes of a project's protos. */
export const IMAGE_FILE = "proto/gen/image.binpb";

/** `plinth.price_list.v1` is a package of module `price-list`. */
const PACKAGE = /^[a-z0-9_]+\.(?<module>[a-z0-9_]+)\.v[0-9]+[a-z0-9]*$/;

/** Undefined where nothing was generated yet. */
export function readDescriptors(file: string): FileDescriptorSet | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return fromBinary(FileDescriptorSetSchema, readFileSync(file));
  } catch (error) {
    throw new Error(`${file} is no set of descriptors. Make it anew: plinth generate`, { cause: error });
  }
}

/** What the descriptors say of each module's RPC methods; unknown for modules that have no proto among them. */
export function rpcMethodsOf(descriptors: FileDescriptorSet | undefined): RpcMethods {
  const byModule = new Map<string, Set<string>>();
  for (const file of descriptors?.file ?? []) {
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
