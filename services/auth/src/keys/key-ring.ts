import { type Clock, unavailable } from "@plinth/kernel/base";
import { type Jwks, type PublicJwk, publicJwk } from "@plinth/kernel/identity";
import type { Logger } from "@plinth/kernel/logging";
import {
  COMMAND_LEAD_MS,
  firstKey,
  type KeyPlan,
  type SigningKey,
  type SigningKeyStore,
  scheduledKey,
  signerOf,
} from "../domain/signing-key.ts";

export interface KeyRingOptions {
  readonly store: SigningKeyStore;
  /** Longest life of a token signed here: a replaced key is published that much longer. */
  readonly tokenLifetimeMs: number;
  readonly rotationMs: () => number;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Keys made by other replicas are seen after this at the latest; a replaced one is published minutes longer than its tokens live. */
const RELOAD_MS = 30_000;
/** The published set is at most this old, or a token signed by another replica could meet a verifier that cannot find its key. */
const PUBLISHED_MS = 500;

/** The signing keys, shared by all replicas through the database, at hand in memory. */
export class KeyRing {
  readonly #options: KeyRingOptions;
  #keys: readonly SigningKey[] = [];
  #byKid = new Map<string, SigningKey>();
  #jwks: Jwks = { keys: [] };
  #loadedAt = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | undefined;

  constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  /** Reads the keys; the very first replica makes one. */
  async start(): Promise<void> {
    await this.#load();
    if (firstKey(this.#keys, this.#now()) !== undefined) await this.#add((keys) => firstKey(keys, this.#now()));
  }

  /** The key that signs now. */
  signer(): SigningKey {
    this.#reloadWhenOld();
    const key = signerOf(this.#keys, this.#now());
    if (key === undefined) throw unavailable("There is no signing key yet.", { reason: "NO_SIGNING_KEY", retryAfterSeconds: 1 });
    return key;
  }

  find(kid: string): SigningKey | undefined {
    this.#reloadWhenOld();
    return this.#byKid.get(kid);
  }

  /** Looks for a key made by another replica a moment ago. */
  async findAnew(kid: string): Promise<SigningKey | undefined> {
    await this.#loadIfOlder(PUBLISHED_MS);
    return this.#byKid.get(kid);
  }

  /** What verifiers may trust; the last known keys while the database is away. */
  async published(): Promise<Jwks> {
    await this.#loadIfOlder(PUBLISHED_MS).catch(() => undefined);
    return this.#jwks;
  }

  /** Makes a new key and resolves when it signs: until then, verifiers that do not know it have time to find it. */
  async rotate(sleep: (ms: number) => Promise<void>): Promise<{ kid: string; previousKids: string[] }> {
    const { clock } = this.#options;
    await this.#add(() => ({ signsFrom: new Date(clock.now() + COMMAND_LEAD_MS) }));
    for (let newest = this.#keys.at(-1); newest !== undefined && newest.signsFrom > this.#now(); newest = this.#keys.at(-1)) {
      await sleep(newest.signsFrom.getTime() - clock.now());
      // Another command may have overtaken this one.
      await this.#load();
    }
    const { kid } = this.signer();
    return { kid, previousKids: this.#keys.map((key) => key.kid).filter((other) => other !== kid) };
  }

  /** By schedule: a new key when the newest is old enough; removes those whose tokens are gone. */
  async maintain(): Promise<void> {
    const { store, rotationMs } = this.#options;
    await this.#add((keys) => scheduledKey(keys, rotationMs(), this.#now()));
    await store.removeExpired(this.#now());
  }

  async #add(plan: (keys: readonly SigningKey[]) => KeyPlan): Promise<void> {
    const { store, tokenLifetimeMs, logger } = this.#options;
    const before = new Set(this.#byKid.keys());
    this.#take(await store.add(plan, tokenLifetimeMs, () => this.#now()));
    for (const { kid, signsFrom } of this.#keys) {
      if (!before.has(kid)) logger.info("A new key for access tokens is published.", { kid, signsFrom: signsFrom.toISOString() });
    }
  }

  #now(): Date {
    return new Date(this.#options.clock.now());
  }

  #reloadWhenOld(): void {
    if (this.#options.clock.elapsed() - this.#loadedAt < RELOAD_MS) return;
    void this.#load().catch((error: unknown) =>
      this.#options.logger.warn("Signing keys cannot be read; the last known ones stay.", { error }),
    );
  }

  async #loadIfOlder(ms: number): Promise<void> {
    if (this.#loading !== undefined || this.#options.clock.elapsed() - this.#loadedAt >= ms) await this.#load();
  }

  /** One read at a time. After a failed one the next waits as long as after a good one. */
  #load(): Promise<void> {
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #read(): Promise<void> {
    this.#loadedAt = this.#options.clock.elapsed();
    this.#take(await this.#options.store.list(this.#now()));
  }

  #take(keys: readonly SigningKey[]): void {
    const known = new Map(this.#jwks.keys.map((jwk) => [jwk.kid, jwk]));
    this.#keys = keys;
    this.#byKid = new Map(keys.map((key) => [key.kid, key]));
    this.#jwks = { keys: keys.map((key): PublicJwk => known.get(key.kid) ?? publicJwk(key.publicKey)) };
    this.#loadedAt = this.#options.clock.elapsed();
  }
}
