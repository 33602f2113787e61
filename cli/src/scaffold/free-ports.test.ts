import { expect, test } from "@jest/globals";
import { parseModules } from "@plinth/module";
import { freePorts } from "./free-ports.ts";

const withPorts = (...ports: string[]) =>
  parseModules(
    ports
      .map(
        (text, index) =>
          `apiVersion: plinth.dev/v1alpha1\nkind: Module\nmetadata: {name: m${index}}\nspec: {version: 1.0.0, ports: ${text}}`,
      )
      .join("\n---\n"),
    "modules.yaml",
  ).modules;

test("a new module gets the first pair of ports that nobody has, neither for HTTP nor for gRPC", () => {
  expect(freePorts([])).toEqual({ http: 8100, grpc: 9100 });
  expect(freePorts(withPorts("{http: 8100, grpc: 9100}", "{http: 8017, grpc: 9101}", "{grpc: 8102}"))).toEqual({ http: 8103, grpc: 9103 });
});
