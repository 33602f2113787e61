/** A server's port belongs to another program. */
export class PortTakenError extends Error {
  readonly protocol: "http" | "grpc";
  readonly address: string;

  constructor(protocol: "http" | "grpc", address: string) {
    super(`The ${protocol === "http" ? "HTTP" : "gRPC"} port ${address} is taken by another program.`);
    this.name = "PortTakenError";
    this.protocol = protocol;
    this.address = address;
  }
}

/** What a server throws that could not listen. grpc-js tells the cause in its message alone. */
export function bindFailure(protocol: "http" | "grpc", address: string, error: Error): Error {
  if (error.message.includes("EADDRINUSE")) return new PortTakenError(protocol, address);
  return new Error(`The ${protocol === "http" ? "HTTP" : "gRPC"} port ${address} cannot be bound: ${error.message}`, { cause: error });
}
