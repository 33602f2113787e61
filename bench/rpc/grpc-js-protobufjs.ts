import { type handleUnaryCall, loadPackageDefinition, Server, ServerCredentials, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ECHO_PROTO, LOADER_OPTIONS } from "./proto-files.ts";

/** grpc-js with messages by protobufjs, as its own documentation has it. */
const loaded = loadPackageDefinition(loadSync(ECHO_PROTO, LOADER_OPTIONS)) as unknown as {
  plinth: { testing: { v1: { EchoService: ServiceClientConstructor } } };
};
const echo: handleUnaryCall<{ message: string }, { message: string }> = (call, callback) =>
  callback(null, { message: call.request.message });
const server = new Server();
server.addService(loaded.plinth.testing.v1.EchoService.service, { Echo: echo });
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
