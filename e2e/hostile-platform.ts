import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalPlatform, startLocalPlatform } from "./local-platform.ts";

const UNLIMITED = "{requests: 100000000, per: 1m}";

/** So that limits do not hide what is behind them, and passwords cost little. `X-Forwarded-For` names the client: each request can have one of its own. */
const OVERLAYS: Readonly<Record<string, string>> = {
  gateway: `addressLimit: ${UNLIMITED}\nuserLimit: ${UNLIMITED}\ntrustedProxies: [127.0.0.1]\n`,
  identity: "argon2: {memoryKiB: 64, passes: 1, parallelism: 1}\n",
  auth: "accountLimit: {requests: 100000, per: 1m}\n",
};

/** A platform that lets itself be attacked quickly. */
export async function startHostilePlatform(overlays: Readonly<Record<string, string>> = {}): Promise<LocalPlatform> {
  const dataFolder = await mkdtemp(join(tmpdir(), "plinth-e2e-"));
  await mkdir(join(dataFolder, "config"), { recursive: true });
  for (const [module, yaml] of Object.entries({ ...OVERLAYS, ...overlays })) {
    await writeFile(join(dataFolder, "config", `${module}.yaml`), yaml);
  }
  return startLocalPlatform({ ports: "free", dataFolder });
}

let clients = 0;

/** An address that no other request came from. */
export function freshAddress(): string {
  clients += 1;
  return `10.${(clients >> 16) & 255}.${(clients >> 8) & 255}.${clients & 255}`;
}
