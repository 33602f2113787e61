/** How a client speaks; it decides the form of an error. */
export type Protocol = "rest" | "connect" | "connect-stream" | "grpc-web" | "grpc";

/** The reason of a method that is not reachable from outside; gRPC has a status number of its own for it. */
export const UNIMPLEMENTED = "UNIMPLEMENTED";

const RPC_PATH = /^\/(?:\w+\.)+\w+\/\w+$/;

/** Whether a path has the form `/package.Service/Method`. */
export function isRpcPath(path: string): boolean {
  return RPC_PATH.test(path);
}

export function protocolOf(contentType: string | undefined, path: string): Protocol {
  if (contentType?.startsWith("application/grpc")) {
    return contentType.startsWith("application/grpc-web") ? "grpc-web" : "grpc";
  }
  if (!isRpcPath(path)) return "rest";
  return contentType?.startsWith("application/connect+") ? "connect-stream" : "connect";
}
