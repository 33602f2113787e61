import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LocalPlatform } from "./local-platform.ts";

/** An answer of the REST API. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what tests are about
  readonly body: any;
}

export interface Account {
  readonly id: string;
  readonly email: string;
  readonly token: string;
  readonly refreshToken: string;
}

/** Calls the REST API through the gateway. */
export async function callApi(
  platform: LocalPlatform,
  method: string,
  path: string,
  options: { body?: unknown; token?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(`${await platform.url("gateway")}/api/v1${path}`, {
    method,
    headers: {
      ...(options.body === undefined ? {} : { "content-type": "application/json" }),
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
}

export const PASSWORD = "four random words here";

/** Registers a user and signs in. */
export async function anAccount(
  platform: LocalPlatform,
  email: string,
  options: { administrator?: boolean; headers?: Record<string, string> } = {},
): Promise<Account> {
  const { headers = {} } = options;
  const bootstrap = options.administrator
    ? { bootstrap_token: (await readFile(join(platform.dataFolder, "secrets", "AUTHZ_BOOTSTRAP_TOKEN"), "utf8")).trim() }
    : {};
  const registered = await callApi(platform, "POST", "/users/register", { body: { email, password: PASSWORD, ...bootstrap }, headers });
  if (registered.status !== 201) throw new Error(`register ${email}: ${JSON.stringify(registered.body)}`);
  return signIn(platform, email, headers);
}

export async function signIn(platform: LocalPlatform, email: string, headers: Record<string, string> = {}): Promise<Account> {
  const { status, body } = await callApi(platform, "POST", "/auth/login", { body: { email, password: PASSWORD }, headers });
  if (status !== 200) throw new Error(`sign in ${email}: ${JSON.stringify(body)}`);
  return { id: body.data.user_id, email, token: body.data.access_token, refreshToken: body.data.refresh_token };
}
