import type { Module } from "@plinth/module";
import type { Discovery } from "../discovery/discovery.ts";
import type { Bus } from "../events/bus.ts";
import type { ServiceIdentity } from "../identity/identity.ts";
import type { ModuleSet } from "../modules/module-set.ts";

/**
 * What differs between a laptop, a process and a cluster, and nothing else: where the modules are listed, who vouches
 * for them, where their database and bus are. A service never sees its place.
 */
export interface Place {
  readonly environment: "development" | "production" | "test";
  /** The address that servers bind to: `127.0.0.1` on a laptop, `0.0.0.0` in a pod. */
  readonly host: string;
  /** The address under which other processes reach this one; registered with discovery. */
  readonly advertisedHost: string;
  /** Those that a module must know of: itself, and whoever it has to do with. */
  readonly modules: ModuleSet;
  /** What `service.modules` shows where that is more: all modules that serve, for whoever routes to them. */
  readonly allModules?: ModuleSet;
  readonly discovery: Discovery;
  identityOf(module: Module): Promise<ServiceIdentity>;
  /** Connection URL in the module's service role; undefined where the module declares no database. */
  databaseUrl(module: Module): string | undefined;
  /** The bus as seen by this module. Closed by the service when it stops. */
  busFor(module: Module): Promise<Bus>;
  /** Folder of `<module>.yaml` overlays, watched; undefined where the place has none. */
  readonly overlayFolder: string | undefined;
  /** Folder of secrets, `<folder>/<module>/<NAME>` or `<folder>/<NAME>`. */
  readonly secretsFolder: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Which module issues end users' access tokens; its JWKS is fetched through discovery. */
  readonly userTokens: { readonly module: string; readonly issuer: string; readonly audience: string };
  /** Overrides what the configuration says; undefined leaves it. */
  readonly logFormat?: "json" | "readable";
  /** Where log lines go; standard output unless said. */
  readonly logStream?: NodeJS.WritableStream;
  /** An uncaught exception was reported: the process is in an unknown state and should stop, in order if it can. */
  onFatal(error: unknown): void;
}
