import { parseArgs } from "node:util";
import { startSimulator } from "./server.ts";

const HELP = `Speaks Stripe's API on a local port, and forgets everything when it stops.

  npm run simulator:stripe -- [--port 12111] [--host 127.0.0.1] [--webhook-url URL --webhook-secret SECRET]

Point the payment module at it:
  PAYMENT_STRIPE_URL=http://127.0.0.1:12111 PAYMENT_STRIPE_SECRET_KEY=sk_test_simulator PAYMENT_STRIPE_WEBHOOK_SECRET=SECRET
`;

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "12111" },
    host: { type: "string", default: "127.0.0.1" },
    "webhook-url": { type: "string" },
    "webhook-secret": { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
} else {
  const { "webhook-url": url, "webhook-secret": secret } = values;
  const simulator = await startSimulator({
    host: values.host,
    port: Number(values.port),
    endpoint: url === undefined ? undefined : { url, secret: secret ?? "whsec_simulator", headers: {}, copies: 1, held: false },
    log: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`Stripe simulator on ${simulator.url}\n`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void simulator.close());
}
