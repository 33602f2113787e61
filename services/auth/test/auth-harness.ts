import { ALL_TENANTS, openDatabase } from "@plinth/kernel/database";
import { type Bus, createPostgresBus, type Envelope } from "@plinth/kernel/events";
import type { Logger } from "@plinth/kernel/logging";
import { type ServiceHarness, startHarness } from "@plinth/kernel/testing";
import auth from "../src/index.ts";
import { type StandIns, standIns, type TestUser } from "./stand-ins.ts";

/** An answer's envelope, as a REST client sees it. */
export interface Reply {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly data: Record<string, unknown>;
  readonly error: { readonly code: string; readonly message: string; readonly details: { readonly reason: string } };
}

/** A session's tokens. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly session_id: string;
  readonly expires_in: number;
}

export interface From {
  readonly token?: string;
  readonly address?: string;
  readonly agent?: string;
  readonly tenant?: string;
}

/** auth with its neighbours, called by REST as the gateway calls it. */
export interface AuthHarness {
  readonly harness: ServiceHarness;
  addUser(tenantId?: string): TestUser;
  readonly neighbours: StandIns;
  send(method: string, path: string, body?: object, from?: From): Promise<Reply>;
  login(user: TestUser, from?: From): Promise<Tokens>;
  refresh(refreshToken: string, from?: From): Promise<Reply>;
  readonly bus: Bus;
  /** In auth's own schema: time does not pass for tests, so rows are made older. */
  sql<Row = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Every event sent so far. */
  readonly events: readonly Envelope[];
  /** Resolves when such an event was sent. */
  event(matches: (envelope: Envelope, data: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

const silent = { info() {}, warn() {}, error() {}, debug() {} } as unknown as Logger;

export async function startAuthHarness(env: Record<string, string> = {}): Promise<AuthHarness> {
  const neighbours = standIns();
  const harness = await startHarness({ services: [...neighbours.services, auth], env });
  const events: Envelope[] = [];
  const waiting = new Set<() => void>();
  const bus = await createPostgresBus({ url: harness.databaseUrl("auth"), name: "test", topics: [], sharesDatabase: true, logger: silent });
  await bus.subscribe({ topics: ["platform.session", "platform.audit"], from: "earliest", batchSize: 50 }, async (batch) => {
    events.push(...batch.map(({ envelope }) => envelope));
    for (const look of waiting) look();
  });
  const database = await openDatabase({ url: harness.databaseUrl("auth"), schema: "auth", entities: [], logger: silent });
  const serviceToken = await harness.serviceToken("gateway", "auth");

  const send: AuthHarness["send"] = async (method, path, body, { token, address = "192.0.2.1", agent = "Test/1.0", tenant } = {}) => {
    const response = await fetch(`${harness.httpUrl("auth")}/api/v1/auth/${path}`, {
      method,
      headers: {
        "content-type": "application/json",
        "x-service-token": serviceToken,
        "x-client-address": address,
        "x-client-agent": agent,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(tenant === undefined ? {} : { "x-tenant-id": tenant }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { data = {}, error = { code: "", message: "", details: { reason: "" } } } = (await response.json()) as Partial<Reply>;
    return { status: response.status, retryAfter: response.headers.get("retry-after"), data, error };
  };

  return {
    harness,
    addUser: (tenantId) => neighbours.addUser(tenantId),
    neighbours,
    bus,
    sql: (text, parameters) => database.transaction((tx) => tx.query(text, parameters), { tenantId: ALL_TENANTS }),
    send,
    async login(user, from) {
      const reply = await send("POST", "login", { email: user.email, password: user.password }, { tenant: user.tenantId, ...from });
      if (reply.status !== 200) throw new Error(`login: ${JSON.stringify(reply)}`);
      return reply.data as unknown as Tokens;
    },
    refresh: (refreshToken, from) => send("POST", "refresh", { refresh_token: refreshToken }, from),
    events,
    event: (matches) =>
      new Promise((resolve) => {
        const look = () => {
          const found = events.find((envelope) => matches(envelope, envelope.data as Record<string, unknown>));
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found.data as Record<string, unknown>);
        };
        waiting.add(look);
        look();
      }),
    async stop() {
      await bus.close();
      await database.close();
      await harness.stop();
    },
  };
}
