import { type Module, parseModules } from "@plinth/module";

/** The module that echoes, and two that call it: `caller` as services call each other, `gateway` by the routes. */
const text = `
apiVersion: plinth.dev/v1alpha1
kind: Module
metadata: {name: echo}
spec:
  version: 0.1.0
  ports: {http: 8999, grpc: 9999}
  routes:
    - {path: /api/v1/echo, methods: [POST], timeout: 5s}
---
apiVersion: plinth.dev/v1alpha1
kind: Module
metadata: {name: caller}
spec:
  version: 0.1.0
  calls:
    - {to: echo, methods: [plinth.testing.v1.EchoService/Echo]}
`;

export function echoModules(): readonly Module[] {
  const { modules, problems } = parseModules(text, "echo-modules.ts");
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join("\n"));
  return modules;
}
