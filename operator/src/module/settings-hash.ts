import { hashOf } from "./desired/desired-hash.ts";
import type { Settings } from "./settings.ts";

/** Every setting reaches what is made for modules; what is only the operator's own process's is none. */
const REACHING: Readonly<Record<keyof Settings, true>> = {
  defaultImage: true,
  imagePullPolicy: true,
  imagePullSecrets: true,
  discovery: true,
  consulUrl: true,
  databaseSecret: true,
  development: true,
  network: true,
  monitoring: true,
  exposure: true,
};

/**
 * By which an operator is told from one that would make other children of the same Modules: its settings as they are given, before anything is left out that
 * its cluster does not serve, and its version.
 */
export function settingsHash(settings: Settings, version: string): string {
  const reaching = Object.entries(settings).filter(([name]) => name in REACHING);
  return hashOf([version, Object.fromEntries(reaching)], 16);
}
