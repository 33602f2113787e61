import { join } from "node:path";
import { parseArgs } from "node:util";
import { startSimulator } from "./server.ts";

const HELP = `Speaks Stripe's API, for development and tests.

  npm run simulator:stripe -- [--port 12111] [--host 127.0.0.1] [--public-url URL] [--webhook-url URL --webhook-secret SECRET] [--state FILE]

Without --state it forgets everything when it stops. Point the payment module at it:
  PAYMENT_STRIPE_URL=http://127.0.0.1:12111 PAYMENT_STRIPE_SECRET_KEY=sk_test_simulator PAYMENT_STRIPE_WEBHOOK_SECRET=SECRET
As a module (module.yaml) it takes the same from PORT, HOST, STRIPE_SIMULATOR_PUBLIC_URL, STRIPE_SIMULATOR_WEBHOOK_URL,
PAYMENT_STRIPE_WEBHOOK_SECRET, and keeps its state in PLINTH_DATA.
`;

const { env } = process;
const { values } = parseArgs({
  options: {
    port: { type: "string", default: env.PORT ?? "12111" },
    host: { type: "string", default: env.HOST ?? "127.0.0.1" },
    "public-url": { type: "string" },
    "webhook-url": { type: "string" },
    "webhook-secret": { type: "string" },
    state: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
} else {
  const url = values["webhook-url"] ?? env.STRIPE_SIMULATOR_WEBHOOK_URL;
  const secret = values["webhook-secret"] ?? env.PAYMENT_STRIPE_WEBHOOK_SECRET ?? "whsec_simulator";
  const simulator = await startSimulator({
    host: values.host,
    port: Number(values.port),
    publicUrl: values["public-url"] ?? env.STRIPE_SIMULATOR_PUBLIC_URL,
    stateFile: values.state ?? (env.PLINTH_DATA === undefined ? undefined : join(env.PLINTH_DATA, "stripe-simulator.json")),
    endpoint: url === undefined ? undefined : { url, secret, headers: {}, copies: 1, held: false },
    log: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`Stripe simulator on ${simulator.url}\n`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void simulator.close());
}
