import { existsSync, readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** What `plinth generate` makes of a project's protos. */
export const IMAGE_FILE = "proto/gen/image.binpb";

/** Undefined where nothing was generated yet. */
export function readDescriptors(file: string): FileDescriptorSet | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return fromBinary(FileDescriptorSetSchema, readFileSync(file));
  } catch (error) {
    throw new Error(`${file} is no set of descriptors. Make it anew: plinth generate`, { cause: error });
  }
}
