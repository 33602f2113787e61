import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { LogFields, Logger } from "../logging/logger.ts";
import { eventually } from "../testing/eventually.ts";
import type { Config } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { type LoadConfigOptions, loadConfig } from "./load-config.ts";

interface Pricing {
  roundingMode: string;
  limits: { perOrder: number; tags: string[] };
  apiKey?: string;
}

const MODULE = {
  metadata: { name: "pricing" },
  spec: {
    config: { roundingMode: "half-even" },
    configSchema: {
      type: "object",
      properties: {
        roundingMode: { enum: ["half-even", "half-up"] },
        limits: {
          type: "object",
          properties: { perOrder: { type: "integer", minimum: 1, default: 10 }, tags: { type: "array", items: { type: "string" } } },
          additionalProperties: false,
        },
        apiKey: { type: "string", minLength: 4 },
        flags: { type: "object", additionalProperties: { type: "boolean" } },
      },
      additionalProperties: false,
    },
  },
};

let root: string;
let open: Array<Config<Pricing>> = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "plinth-config-"));
  await mkdir(join(root, "service", "config"), { recursive: true });
  await mkdir(join(root, "overlay"));
});

afterEach(async () => {
  for (const config of open) config.close();
  open = [];
  await rm(root, { recursive: true, force: true });
});

async function load(options: Partial<LoadConfigOptions> = {}): Promise<Config<Pricing>> {
  const config = await loadConfig<Pricing>({
    module: MODULE,
    folder: join(root, "service"),
    environment: "test",
    overlayFile: join(root, "overlay", "pricing.yaml"),
    env: {},
    ...options,
  });
  open.push(config);
  return config;
}

/** As editors do: who reads meanwhile sees the old text or the new one, and not an empty file. */
async function file(name: string, text: string): Promise<void> {
  const unfinished = join(root, "unfinished");
  await writeFile(unfinished, text);
  await rename(unfinished, join(root, name));
}

async function problemsOf(loading: Promise<unknown>) {
  const error = await loading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).problems;
}

function recorder() {
  const lines: Array<{ message: string; fields: LogFields | undefined }> = [];
  const write = (message: string, fields?: LogFields) => void lines.push({ message, fields });
  const logger: Logger = { error: write, warn: write, info: write, debug: write, child: () => logger };
  return { lines, logger };
}

describe("layers", () => {
  test("each layer wins over the one before, key by key, and is named as the source", async () => {
    await file("service/config/default.yaml", "roundingMode: half-up\nlimits: {perOrder: 20, tags: [a, b]}\nlog: {level: warn}");
    await file("service/config/test.yaml", "limits: {perOrder: 30}");
    await file("overlay/pricing.yaml", "limits: {tags: [c]}");
    const config = await load({ env: { PRICING_LOG_LEVEL: "debug", PLINTH_LOG_LEVEL: "error", PLINTH_DATABASE_POOL_MAX: "7" } });
    expect(config.value).toEqual({ roundingMode: "half-up", limits: { perOrder: 30, tags: ["c"] } });
    expect(config.kernel.log.level).toBe("debug");
    expect(config.kernel.database.pool).toMatchObject({ max: 7, min: 5, lifetimeMs: 300_000 });
    expect(config.source("roundingMode")).toBe("config/default.yaml");
    expect(config.source("limits.perOrder")).toBe("config/test.yaml");
    expect(config.source("limits.tags")).toBe("overlay pricing.yaml");
    expect(config.source("log.level")).toBe("environment variable PRICING_LOG_LEVEL");
    expect(config.source("database.pool.min")).toBe("default");
    expect(config.get("limits.perOrder")).toBe(30);
    expect(config.get("limits.nothing")).toBeUndefined();
  });

  test("without any file the declaration and the defaults count", async () => {
    const config = await load();
    expect(config.value).toEqual({ roundingMode: "half-even", limits: { perOrder: 10 } });
    expect(config.source("roundingMode")).toBe("module.yaml");
    expect(config.kernel.server.http).toMatchObject({ addr: undefined, requestTimeoutMs: 30_000 });
    expect(() => Object.assign(config.value.limits, { perOrder: 1 })).toThrow(TypeError);
  });

  test("variables find their key whatever its spelling, in maps too; others are left alone", async () => {
    const config = await load({
      env: {
        PRICING_SERVER_HTTP_ADDR: "127.0.0.1:8002",
        PRICING_ROUNDING_MODE: "half-up",
        PRICING_LIMITS_PERORDER: "3",
        PRICING_LIMITS_TAGS: "x, y",
        PRICING_CALLS_PRICE_LIST_TIMEOUT: "250ms",
        PRICING_CALLS_PROMOTION_CIRCUIT_BREAKER_FAILURE_THRESHOLD: "4",
        PRICING_FLAGS_NEW: "true",
        PRICING_SERVICE_HOST: "10.0.0.1",
        PLINTH_HOME: "/somewhere",
      },
    });
    expect(config.kernel.server.http.addr).toEqual({ host: "127.0.0.1", port: 8002 });
    expect(config.value).toEqual({ roundingMode: "half-up", limits: { perOrder: 3, tags: ["x", "y"] }, flags: { new: true } });
    expect(config.kernel.calls).toEqual({ "price-list": { timeoutMs: 250 }, promotion: { circuitBreaker: { failureThreshold: 4 } } });
  });

  test("the environment decides the log format and the trace ratio, a module's own level wins", async () => {
    await file("service/config/default.yaml", "log: {levels: {pricing: debug, blog: error}}");
    const production = await load({ environment: "production" });
    expect(production.kernel.log).toMatchObject({ format: "json", level: "debug" });
    expect(production.kernel.telemetry.tracing.ratio).toBe(0.01);
    expect((await load()).kernel.log.format).toBe("readable");
  });
});

describe("a bad value at the start", () => {
  test("is refused with key, source and rule, all at once", async () => {
    await file("service/config/test.yaml", "limits: {perOrder: 0}\nlog: {levle: debug}\ndatabase: {pool: {idle: soon}}");
    const problems = await problemsOf(load({ env: { PRICING_DATABASE_POOL_MAX: "many", PRICING_ROUNDING_MODE: "up" } }));
    expect(problems).toEqual(
      expect.arrayContaining([
        { key: "limits.perOrder", source: "config/test.yaml", rule: "must be >= 1, got 0" },
        { key: "log.levle", source: "config/test.yaml", rule: 'is not known; did you mean "level"?' },
        { key: "database.pool.idle", source: "config/test.yaml", rule: 'must be a duration such as 250ms, 2s, 5m, 1h or 7d, got "soon"' },
        { key: "database.pool.max", source: "environment variable PRICING_DATABASE_POOL_MAX", rule: 'must be integer, got "many"' },
        {
          key: "roundingMode",
          source: "environment variable PRICING_ROUNDING_MODE",
          rule: 'must be one of "half-even", "half-up", got "up"',
        },
      ]),
    );
    expect(problems).toHaveLength(5);
  });

  test("an unknown key at the top is refused, with the nearest name of module or kernel", async () => {
    await file("overlay/pricing.yaml", "roundigMode: half-up\ntelemtry: {}");
    const problems = await problemsOf(load());
    expect(problems.map(({ rule }) => rule)).toEqual([
      'is not known; did you mean "roundingMode"?',
      'is not known; did you mean "telemetry"?',
    ]);
  });

  test("files that are no YAML or no mapping are named", async () => {
    await file("overlay/pricing.yaml", "limits: {perOrder: [");
    expect((await problemsOf(load()))[0]).toMatchObject({ source: "overlay pricing.yaml", rule: expect.stringContaining("is no YAML") });
    await file("overlay/pricing.yaml", "- a\n- b");
    expect((await problemsOf(load()))[0]?.rule).toContain("must be a mapping");
  });

  test("a module's schema may not take a name of the kernel's", async () => {
    const module = { metadata: { name: "x" }, spec: { configSchema: { type: "object", properties: { log: {} } } } };
    expect((await problemsOf(load({ module })))[0]).toMatchObject({ key: "log", source: "configSchema" });
  });

  test("a secret's value is not in the message", async () => {
    const problems = await problemsOf(load({ env: { PRICING_API_KEY: "abc" } }));
    expect(problems).toEqual([
      { key: "apiKey", source: "environment variable PRICING_API_KEY", rule: "must NOT have fewer than 4 characters" },
    ]);
  });
});

describe("secrets", () => {
  const secrets = {
    get: (name: string) => ({ PRICING_API_KEY: "hunter2hunter2", PRICING_DATABASE_URL: "postgres://pricing:pw@db/plinth" })[name],
    onChange: () => () => undefined,
  };

  test("fill the keys that hold secrets, win over variables, and are masked", async () => {
    const config = await load({ secrets, env: { PRICING_API_KEY: "from-the-environment" } });
    expect(config.value.apiKey).toBe("hunter2hunter2");
    expect(config.kernel.database.url).toBe("postgres://pricing:pw@db/plinth");
    expect(config.source("apiKey")).toBe("secret PRICING_API_KEY");
    const described = config.describe();
    expect(described).toContainEqual({ key: "apiKey", value: "********", source: "secret PRICING_API_KEY", secret: true });
    expect(described).toContainEqual({ key: "roundingMode", value: "half-even", source: "module.yaml", secret: false });
    expect(JSON.stringify(described)).not.toMatch(/hunter2|pw@/);
  });
});

test("no secret shows from inside a list, a URL or a value of the wrong type", async () => {
  const configSchema = {
    type: "object",
    properties: { providers: { type: "array" }, proxy: { type: "string" }, limit: { type: "integer" } },
  };
  const hidden = { providers: [{ name: "a", clientSecret: "hunter2" }], proxy: "http://u:hunter2@proxy:3128" };
  const module = { metadata: { name: "pricing" }, spec: { config: hidden, configSchema } };
  const described = (await load({ module })).describe();
  expect(described.filter(({ source }) => source === "module.yaml")).toMatchObject([
    { key: "providers", value: [{ name: "a", clientSecret: "********" }] },
    { key: "proxy", value: "http://u:[redacted]@proxy:3128" },
  ]);
  await file("overlay/pricing.yaml", "limit: {password: hunter2}\nproviders: hunter2-in-the-clear");
  const problems = await problemsOf(load({ module }));
  expect(problems[0]).toMatchObject({ rule: 'must be array, got "hunter2-in-the-clear"' });
  expect(problems[1]).toMatchObject({ key: "limit", rule: "must be integer, got a mapping" });
});

describe("while running", () => {
  test("a changed file takes effect, and tells those who listen to that key or above it", async () => {
    const config = await load();
    const { logger, lines } = recorder();
    config.watch(logger);
    const heard: unknown[] = [];
    config.onChange("limits.perOrder", (value, previous) => heard.push(["leaf", value, previous]));
    config.onChange("limits", (value) => heard.push(["above", value]));
    config.onChange("log.level", () => heard.push(["other"]));
    const stopped = config.onChange("limits", () => heard.push(["stopped"]));
    stopped();
    await file("overlay/pricing.yaml", "limits: {perOrder: 99}");
    await eventually(() => heard.length > 0);
    expect(heard).toEqual([
      ["leaf", 99, 10],
      ["above", { perOrder: 99 }],
    ]);
    expect(config.value.limits.perOrder).toBe(99);
    expect(lines).toContainEqual({ message: "configuration changed", fields: { keys: ["limits.perOrder"] } });
  });

  test("a bad change is refused and logged, the old stays, and the next good one counts", async () => {
    await file("overlay/pricing.yaml", "limits: {perOrder: 5}");
    const config = await load();
    const { logger, lines } = recorder();
    config.watch(logger);
    await file("overlay/pricing.yaml", "limits: {perOrder: -1}");
    await eventually(() => lines.length > 0);
    expect(lines[0]).toEqual({
      message: "configuration change refused",
      fields: { key: "limits.perOrder", source: "overlay pricing.yaml", rule: "must be >= 1, got -1" },
    });
    expect(config.value.limits.perOrder).toBe(5);
    await file("overlay/pricing.yaml", "limits: {perOrder: 6}");
    await eventually(() => config.value.limits.perOrder === 6);
  });

  test("a file written in place or renamed over, and a swapped link as Kubernetes does it, are seen", async () => {
    await file("overlay/pricing.yaml", "limits: {perOrder: 1}");
    const config = await load();
    config.watch(recorder().logger);
    await writeFile(join(root, "overlay/pricing.yaml"), "limits: {perOrder: 2}");
    await eventually(() => config.value.limits.perOrder === 2);
    await file("overlay/pricing.yaml", "limits: {perOrder: 3}");
    await eventually(() => config.value.limits.perOrder === 3);

    const mounted = join(root, "mounted");
    await mkdir(join(mounted, "..one"), { recursive: true });
    await mkdir(join(mounted, "..two"));
    await writeFile(join(mounted, "..one", "pricing.yaml"), "limits: {perOrder: 3}");
    await writeFile(join(mounted, "..two", "pricing.yaml"), "limits: {perOrder: 4}");
    await symlink("..one", join(mounted, "..data"));
    await symlink("..data/pricing.yaml", join(mounted, "pricing.yaml"));
    const second = await load({ overlayFile: join(mounted, "pricing.yaml") });
    second.watch(recorder().logger);
    expect(second.value.limits.perOrder).toBe(3);
    await symlink("..two", join(mounted, "..data_tmp"));
    await rename(join(mounted, "..data_tmp"), join(mounted, "..data"));
    await eventually(() => second.value.limits.perOrder === 4);
  });

  test("a changed spec.config of module.yaml takes effect, under what files and variables say", async () => {
    let declared: object | undefined = MODULE.spec.config;
    let tell = (): void => {};
    const config = await load({
      declared: {
        current: () => declared,
        onChange(listener) {
          tell = listener;
          return () => {};
        },
      },
    });
    config.watch(recorder().logger);
    declared = { roundingMode: "half-up", limits: { perOrder: 3 } };
    tell();
    await eventually(() => config.value.roundingMode === "half-up");
    expect(config.value.limits.perOrder).toBe(3);
    expect(config.source("roundingMode")).toBe("module.yaml");
    declared = undefined;
    tell();
    await eventually(() => config.value.roundingMode === "half-even");
  });

  test("a changed secret takes effect", async () => {
    let value = "first-value";
    let tell: () => void = () => undefined;
    const secrets = {
      get: (name: string) => (name === "PRICING_API_KEY" ? value : undefined),
      onChange: (listener: () => void) => {
        tell = listener;
        return () => undefined;
      },
    };
    const config = await load({ secrets });
    config.watch(recorder().logger);
    value = "second-value";
    tell();
    await eventually(() => config.value.apiKey === "second-value");
  });

  test("a listener that throws keeps none of the others from hearing", async () => {
    const config = await load();
    const { logger, lines } = recorder();
    config.watch(logger);
    let heard = false;
    config.onChange("limits", () => {
      throw new Error("broken listener");
    });
    config.onChange("limits", () => {
      heard = true;
    });
    await file("overlay/pricing.yaml", "limits: {perOrder: 2}");
    await eventually(() => heard);
    expect(lines.map(({ message }) => message)).toContain("a listener to a configuration change failed");
  });
});
