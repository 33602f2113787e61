/**
 * A Vendure on the database `argv[2]` and the port `argv[3]`, in one process. Prints a line of JSON once it answers.
 */
process.env.NODE_ENV = "production";
process.env.VENDURE_DISABLE_TELEMETRY = "true";
// Both are read while the library loads.
const { bootstrap, JobQueueService } = await import("@vendure/core");
const { vendureConfig } = await import("./config.ts");

const [, , databaseUrl = "", port = "0"] = process.argv;
const app = await bootstrap(vendureConfig(databaseUrl, Number(port)));
await app.get(JobQueueService).start();
process.stdout.write(`${JSON.stringify({ port: Number(port) })}\n`);
