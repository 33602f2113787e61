import { join } from "node:path";
import { parseArgs } from "node:util";
import { startCarrierSimulator } from "./server.ts";

const HELP = `Speaks EasyPost's API, for development and tests.

  npm run simulator:carrier -- [--port 12112] [--host 127.0.0.1] [--public-url URL] [--webhook-url URL --webhook-secret SECRET] [--state FILE]

Without --state it forgets everything when it stops. Point the shipping module at it:
  SHIPPING_EASYPOST_URL=http://127.0.0.1:12112 SHIPPING_EASYPOST_API_KEY=EZTK_simulator SHIPPING_EASYPOST_WEBHOOK_SECRET=SECRET
As a module (module.yaml) it takes the same from PORT, HOST, CARRIER_SIMULATOR_PUBLIC_URL, CARRIER_SIMULATOR_WEBHOOK_URL,
SHIPPING_EASYPOST_WEBHOOK_SECRET, and keeps its state in PLINTH_DATA.
Move a parcel along by its tracking number:
  curl -d '{"status": "delivered"}' http://127.0.0.1:12112/simulator/trackers/9400…
`;

const { env } = process;
const { values } = parseArgs({
  options: {
    port: { type: "string", default: env.PORT ?? "12112" },
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
  const url = values["webhook-url"] ?? env.CARRIER_SIMULATOR_WEBHOOK_URL;
  const secret = values["webhook-secret"] ?? env.SHIPPING_EASYPOST_WEBHOOK_SECRET ?? "webhook_secret_simulator";
  const simulator = await startCarrierSimulator({
    host: values.host,
    port: Number(values.port),
    publicUrl: values["public-url"] ?? env.CARRIER_SIMULATOR_PUBLIC_URL,
    stateFile: values.state ?? (env.PLINTH_DATA === undefined ? undefined : join(env.PLINTH_DATA, "carrier-simulator.json")),
    endpoint: url === undefined ? undefined : { url, secret, schemes: ["v1", "v2"], headers: {}, copies: 1, delayMs: 0, held: false },
    log: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`Carrier simulator on ${simulator.url}\n`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void simulator.close());
}
