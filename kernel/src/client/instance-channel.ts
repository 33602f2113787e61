import { Channel, type ChannelOptions, connectivityState, credentials } from "@grpc/grpc-js";
import type { Clock } from "../base/clock.ts";
import type { Instance } from "../discovery/discovery.ts";

/** A call as grpc-js starts it. */
export type ChannelCall = ReturnType<Channel["createCall"]>;

const CHANNEL_OPTIONS: ChannelOptions = {
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.min_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2000,
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 5000,
  "grpc.max_receive_message_length": 4 * 1024 * 1024,
  "grpc.max_send_message_length": 4 * 1024 * 1024,
  // Retries, balancing and discovery are ours; each instance has a connection of its own; no proxy stands between modules.
  "grpc.enable_retries": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_http_proxy": 0,
  "grpc.enable_channelz": 0,
};

/** Failures in a row after which an instance is left alone for a while. */
const TOLERATED_FAILURES = 5;
const FIRST_EJECTION_MS = 500;
const LONGEST_EJECTION_MS = 30_000;

/** How a try went for the instance: `unreachable` when there was no connection to it at all. */
export type InstanceOutcome = "healthy" | "failing" | "unreachable" | "unknown";

/** The one HTTP/2 connection to one instance, and what is known of its health from the calls made. */
export class InstanceChannel {
  readonly instance: Instance;
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #onReturn: () => void;
  #running = 0;
  #failures = 0;
  #ejections = 0;
  /** `clock.elapsed()` until which others are preferred. */
  #ejectedUntil = 0;
  #retired = false;
  #isWatched = false;

  /** `onReturn` is called when an instance that could not be reached is connected again. */
  constructor(instance: Instance, clock: Clock, onReturn: () => void) {
    this.instance = instance;
    this.#onReturn = onReturn;
    this.#clock = clock;
    const host = instance.host.includes(":") ? `[${instance.host}]` : instance.host;
    this.#channel = new Channel(`${host}:${instance.grpcPort}`, credentials.createInsecure(), CHANNEL_OPTIONS);
  }

  get running(): number {
    return this.#running;
  }

  /** False while it is left alone. */
  isPreferred(now: number): boolean {
    return now >= this.#ejectedUntil;
  }

  /** True when the last try to connect failed and the next one is still to come. */
  get isDisconnected(): boolean {
    return this.#channel.getConnectivityState(false) === connectivityState.TRANSIENT_FAILURE;
  }

  /** `deadline` is in epoch milliseconds, Infinity for none. To be followed by one `close`. */
  open(path: string, deadline: number): ChannelCall {
    const call = this.#channel.createCall(path, deadline, undefined, null, undefined);
    this.#running++;
    return call;
  }

  close(outcome: InstanceOutcome): void {
    this.#running--;
    if (outcome === "healthy") {
      this.#failures = 0;
      this.#ejections = 0;
      this.#ejectedUntil = 0;
    } else if (outcome !== "unknown") {
      this.#failures++;
      if (outcome === "unreachable" || this.#failures >= TOLERATED_FAILURES) this.#eject();
      if (outcome === "unreachable") this.#awaitReturn();
    }
    if (this.#retired && this.#running === 0) this.#channel.close();
  }

  /** No more calls come; the connection ends when those that run have ended. */
  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    if (this.#running === 0) this.#channel.close();
  }

  /** grpc-js goes on trying to connect; without this, nobody would hear of its success before the ejection is over. */
  #awaitReturn(): void {
    if (this.#isWatched || this.#retired) return;
    const state = this.#channel.getConnectivityState(true);
    if (state === connectivityState.READY) {
      this.#ejectedUntil = 0;
      this.#onReturn();
      return;
    }
    this.#isWatched = true;
    this.#channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => {
      this.#isWatched = false;
      this.#awaitReturn();
    });
  }

  #eject(): void {
    const now = this.#clock.elapsed();
    // Calls that fail together are one failure.
    if (now < this.#ejectedUntil) return;
    this.#ejectedUntil = now + Math.min(LONGEST_EJECTION_MS, FIRST_EJECTION_MS * 2 ** Math.min(this.#ejections, 10));
    this.#ejections++;
    this.#failures = 0;
  }
}
