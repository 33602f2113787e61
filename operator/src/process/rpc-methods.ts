import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type RpcMethods, rpcMethodsOf } from "@plinth/module";
import { readDescriptors } from "./read-descriptors.ts";

/** In the operator's image: what was generated of the protos of the platform's own modules. */
const OWN_DESCRIPTORS = fileURLToPath(new URL("../../../proto/gen/image.binpb", import.meta.url));

/**
 * Reads the RPC methods of the platform's own modules.
 *
 * @param file what `buf build` made; the image's own if left out, and then none are known where it is not there. Empty: none are known.
 */
export function readRpcMethods(file: string | undefined): RpcMethods {
  if (file === "") return () => undefined;
  const path = file ?? OWN_DESCRIPTORS;
  try {
    return rpcMethodsOf(readDescriptors(readFileSync(path)));
  } catch (error) {
    if (file === undefined && (error as NodeJS.ErrnoException).code === "ENOENT") return () => undefined;
    throw new Error(`${path} is no set of descriptors, which the setting "descriptors" names`, { cause: error });
  }
}
