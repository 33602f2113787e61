import type { Module } from "./schema/module.ts";

/**
 * Whether a module's image is built on the platform's kernel, and so knows how to run as `plinth run <name>` and answers its probes. One that says
 * where its health is (`spec.health.path`) brings a server of its own.
 */
export function isKernelModule({ spec }: Module): boolean {
  return spec.health?.path === undefined;
}
