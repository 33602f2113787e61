import "reflect-metadata";
import { createServer } from "node:net";
import { Controller, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { GrpcMethod, type MicroserviceOptions, Transport } from "@nestjs/microservices";
import { ECHO_PROTO, LOADER_OPTIONS } from "./proto-files.ts";

/** A NestJS microservice on its gRPC transport, which is grpc-js with protobufjs. Decorators are called as the functions they are. */
class EchoController {
  echo(request: { message: string }): { message: string } {
    return { message: request.message };
  }
}
const method = Object.getOwnPropertyDescriptor(EchoController.prototype, "echo") as PropertyDescriptor;
GrpcMethod("EchoService", "Echo")(EchoController.prototype, "echo", method);
Controller()(EchoController);

class EchoModule {}
Module({ controllers: [EchoController] })(EchoModule);

const port = await freePort();
const app = await NestFactory.createMicroservice<MicroserviceOptions>(EchoModule, {
  transport: Transport.GRPC,
  options: { package: "plinth.testing.v1", protoPath: ECHO_PROTO, url: `127.0.0.1:${port}`, loader: LOADER_OPTIONS },
  logger: false,
});
await app.listen();
process.stdout.write(`${JSON.stringify({ port })}\n`);

/** Nest does not tell which port it was given. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
