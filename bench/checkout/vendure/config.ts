import { randomBytes } from "node:crypto";
import { DefaultSearchPlugin, dummyPaymentHandler, type VendureConfig, type VendureLogger } from "@vendure/core";

/** The standard output has one line only, which tells that the server is ready. */
const logger: VendureLogger = {
  error: (message, context, trace) => void process.stderr.write(`vendure ${context}: ${message} ${trace ?? ""}\n`),
  warn() {},
  info() {},
  verbose() {},
  debug() {},
};

/**
 * Vendure as it comes, less what would only cost here: no admin, no assets, no mails, no scheduler. Its jobs stay in memory and run in the server's
 * process, so that no worker polls the database. The search plugin serves the list of products, as it does in Vendure's storefronts.
 */
export function vendureConfig(databaseUrl: string, port: number, { synchronize = false } = {}): VendureConfig {
  return {
    apiOptions: { port, hostname: "127.0.0.1" },
    authOptions: {
      tokenMethod: "cookie",
      cookieOptions: { secret: randomBytes(16).toString("base64url") },
      // Nobody ever comes with it.
      superadminCredentials: { identifier: "admin", password: randomBytes(16).toString("base64url") },
    },
    dbConnectionOptions: { type: "postgres", url: databaseUrl, synchronize, logging: false },
    paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
    plugins: [DefaultSearchPlugin.init({ bufferUpdates: false })],
    logger,
  };
}
