import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freePort } from "@plinth/kernel/testing";
import { ROOT } from "./local-platform.ts";

/** A project of its own, with some modules of this repository as they are and others that a test writes and changes. */
export interface TemporaryProject {
  readonly root: string;
  /** Writes a file by its path below the project. */
  write(path: string, text: string): void;
  remove(path: string): void;
  /** Removes the project. */
  delete(): void;
}

export function aTemporaryProject(modules: readonly string[]): TemporaryProject {
  const root = mkdtempSync(join(tmpdir(), "plinth-project-"));
  mkdirSync(join(root, "services"));
  for (const module of modules) symlinkSync(join(ROOT, "services", module), join(root, "services", module));
  // Where the code of the project's own modules finds the kernel.
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  writeFileSync(join(root, "package.json"), '{"type": "module"}\n');
  return {
    root,
    write(path, text) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    remove: (path) => rmSync(join(root, path), { recursive: true }),
    delete: () => rmSync(root, { recursive: true, force: true }),
  };
}

export interface GreeterOptions {
  readonly name: string;
  /** Lines below `spec`. */
  readonly spec?: readonly string[];
  readonly httpPort?: number;
}

/** The module file of a service that answers at `/api/v1/<name>`. */
export async function greeterYaml({ name, spec = [], httpPort }: GreeterOptions): Promise<string> {
  return [
    "apiVersion: plinth.dev/v1alpha1",
    "kind: Module",
    "metadata:",
    `  name: ${name}`,
    "spec:",
    "  version: 1.0.0",
    `  ports: {http: ${httpPort ?? (await freePort())}}`,
    "  routes:",
    `    - {path: /api/v1/${name}, methods: [GET], auth: public, rateLimit: {requests: 100000, per: 1s}}`,
    ...spec.map((line) => `  ${line}`),
    "",
  ].join("\n");
}

/** The code of a service that answers at `/api/v1/<name>` with `greeting`; without a service token where it is public. */
export function greeterCode(name: string, greeting: string, options: { public?: boolean } = {}): string {
  return [
    'import { defineService } from "@plinth/kernel/service";',
    "",
    "export default defineService(import.meta.url, (service) => {",
    `  service.http("get", "/api/v1/${name}", (_request, response) => {`,
    `    response.json({ greeting: ${JSON.stringify(greeting)}, pid: process.pid });`,
    `  }, ${JSON.stringify(options)});`,
    "});",
    "",
  ].join("\n");
}
