import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type handleUnaryCall, Server, ServerCredentials } from "@grpc/grpc-js";
import { type EchoRequest, EchoRequestSchema, type EchoResponse, EchoResponseSchema, EchoService } from "@plinth/proto/testing/v1/echo_pb";

/** grpc-js with messages by protobuf-es, and nothing else. */
const echo: handleUnaryCall<EchoRequest, EchoResponse> = (call, callback) => {
  callback(null, create(EchoResponseSchema, { message: call.request.message }));
};
const server = new Server();
server.addService(
  {
    Echo: {
      path: `/${EchoService.typeName}/Echo`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (request: EchoRequest) => Buffer.from(toBinary(EchoRequestSchema, request)),
      requestDeserialize: (bytes) => fromBinary(EchoRequestSchema, bytes),
      responseSerialize: (response: EchoResponse) => Buffer.from(toBinary(EchoResponseSchema, response)),
      responseDeserialize: (bytes) => fromBinary(EchoResponseSchema, bytes),
    },
  },
  { Echo: echo },
);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
