import { Metadata, type ServerUnaryCall, type ServiceError } from "@grpc/grpc-js";
import type { PlinthError } from "../base/errors.ts";
import { encodeStatusDetails, GRPC_STATUS, statusMessage } from "../status/status-details.ts";
import type { CallReader } from "./call.ts";
import { publicError } from "./errors.ts";

/** What of a grpc-js call is read here; unary calls and streams have it. */
export type GrpcIncoming = Pick<ServerUnaryCall<Uint8Array, Uint8Array>, "metadata" | "getPeer">;

export const grpcReader: CallReader<GrpcIncoming> = {
  get({ metadata }, name) {
    const value = metadata.get(name)[0];
    return typeof value === "string" ? value : value?.toString("latin1");
  },
  all({ metadata }) {
    const headers = new Headers();
    for (const key of Object.keys(metadata.getMap())) {
      for (const value of metadata.get(key)) headers.append(key, typeof value === "string" ? value : value.toString("base64"));
    }
    return headers;
  },
  /** `127.0.0.1:52114` without its port. */
  peer(incoming) {
    const address = incoming.getPeer();
    const colon = address.lastIndexOf(":");
    return colon === -1 ? address : address.slice(0, colon);
  },
};

export function metadataOf(headers: Headers): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of headers) metadata.add(name, name.endsWith("-bin") ? Buffer.from(value, "base64") : value);
  return metadata;
}

/** The error as grpc-js sends it: status, text, and the details trailer. */
export function grpcFailure(error: PlinthError): Pick<ServiceError, "code" | "details" | "metadata"> & { message: string } {
  const shown = publicError(error);
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(encodeStatusDetails(shown)));
  if (shown.retryAfterSeconds !== undefined) metadata.set("retry-after", String(Math.ceil(shown.retryAfterSeconds)));
  const message = statusMessage(shown);
  return { code: GRPC_STATUS[shown.code], details: message, message, metadata };
}
