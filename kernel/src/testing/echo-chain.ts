import { forbidden, unauthorized } from "../base/errors.ts";
import type { UserIdentity } from "../base/request-context.ts";
import type { ServiceIdentity, UserTokens } from "../identity/identity.ts";
import type { LogFields, Logger } from "../logging/logger.ts";
import type { Matrix } from "../matrix/matrix.ts";
import type { ChainParts } from "../rpc/method-pipeline.ts";

/** Tokens are `service:<name>`; a name that begins with `slow-` is verified by a promise. */
export const plainIdentity: ServiceIdentity = {
  tokenFor: (callee) => `service:${callee}`,
  verify(token) {
    if (token === undefined) throw unauthorized("A service token is needed.", { reason: "MISSING_TOKEN" });
    const name = /^service:([a-z-]+)$/.exec(token)?.[1];
    if (name === undefined) throw unauthorized("This is no service token.", { reason: "INVALID_TOKEN" });
    return name.startsWith("slow-") ? Promise.resolve(name.slice("slow-".length)) : name;
  },
  close: async () => undefined,
};

/** Everybody may, except `stranger`. */
export const plainMatrix: Matrix = {
  checkMethod(from, method) {
    if (from === "stranger") throw refusal(from, method);
  },
  checkEndpoint(from, httpMethod, path) {
    if (from === "stranger") throw refusal(from, `${httpMethod} ${path}`);
  },
};

function refusal(from: string, method: string) {
  return forbidden(`${from} may not call ${method}.`, { reason: "PERMISSION_DENIED", metadata: { from, to: "echo", method } });
}

/** Tokens are `user:<name>`, of tenant `acme`. */
export const plainUserTokens: UserTokens = {
  verify(token): UserIdentity {
    const name = /^user:([a-z]+)$/.exec(token)?.[1];
    if (name === undefined) throw unauthorized("This token is not valid.", { reason: "INVALID_TOKEN" });
    return { id: name, email: `${name}@acme.test`, roles: ["user"], tenantId: "acme", sessionId: "s1", token };
  },
};

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields | undefined;
}

/** A logger that keeps its lines. */
export function createListLogger(lines: LogLine[]): Logger {
  const write = (level: string) => (message: string, fields?: LogFields) => void lines.push({ level, message, fields });
  const logger: Logger = { error: write("error"), warn: write("warn"), info: write("info"), debug: write("debug"), child: () => logger };
  return logger;
}

/** The parts of a chain whose tokens a test can write by hand. */
export function plainChain(lines: LogLine[] = []): ChainParts {
  return {
    module: "echo",
    identity: plainIdentity,
    matrix: plainMatrix,
    userTokens: plainUserTokens,
    logger: createListLogger(lines),
    defaultTimeoutMs: 30_000,
  };
}
