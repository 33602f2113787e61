import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "@plinth/kernel/embedded";
import { startHarness } from "@plinth/kernel/testing";
import auth from "../../services/auth/src/index.ts";
import { standIns } from "../../services/auth/test/stand-ins.ts";

/** auth, what it calls, and a durable Postgres, all on the core this process was given. Says where it listens, and ends with its input. */
const folder = await mkdtemp(join(tmpdir(), "plinth-bench-"));
const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, "postgres") });
process.env.PLINTH_TEST_POSTGRES_URL = postgres.adminUrl;
const neighbours = standIns();
const env = { AUTH_ACCOUNT_LIMIT_REQUESTS: "100000", AUTH_LOG_LEVEL: "error" };
const harness = await startHarness({ services: [...neighbours.services, auth], env });
const users = Array.from({ length: Number(process.argv[2] ?? 1) }, () => neighbours.addUser());
const serviceToken = await harness.serviceToken("gateway", "auth");
const grpcPort = harness.services.get("auth")?.ports.grpc;
process.stdout.write(
  `${JSON.stringify({ grpcPort, serviceToken, emails: users.map(({ email }) => email), password: users[0]?.password })}\n`,
);

process.stdin.resume();
process.stdin.once("end", async () => {
  await harness.stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
  process.exit(0);
});
