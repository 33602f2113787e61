/** How a call came in. */
export type Protocol = "grpc" | "grpc-web" | "connect" | "rest";
