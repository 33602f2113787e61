import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "@plinth/kernel/testing";
import { Client } from "pg";
import { callApi } from "../../e2e/accounts.ts";
import { type LocalPlatform, ROOT, startLocalPlatform } from "../../e2e/local-platform.ts";
import { listPath, plinthFlow, type Storefront } from "./plinth-flow.ts";
import { fillPlatform } from "./plinth-seed.ts";
import { untilSettled } from "./plinth-settled.ts";
import { postmasterPid } from "./postmaster.ts";
import type { Books, Shop } from "./shop.ts";

/** Not of the shop: what only fills it for a look around. */
const LEFT_OUT = new Set(["demo"]);
/** `X-Forwarded-For` names the buyer: the gateway's limits for one address stay as they are. */
const GATEWAY_CONFIG = "trustedProxies: [127.0.0.1]\n";
const SIMULATOR = "stripe-simulator";
/** The simulator's card that is always good. */
const GOOD_CARD = "pm_card_visa";

/** All modules in one process, as `npm start` runs them. */
export const plinth = shopPaidBy("Plinth", { provider: "manual" });
/** The same with the payment provider, a simulator, in a process of its own. */
export const plinthWithStripe = shopPaidBy("Plinth, paid by Stripe", { provider: "stripe", method_token: GOOD_CARD });

function shopPaidBy(name: string, payment: Storefront["payment"]): Shop {
  const launch = async (dataFolder: string): Promise<LocalPlatform> => {
    const modules = (await readdir(join(ROOT, "services"))).filter((module) => !LEFT_OUT.has(module));
    if (payment.provider === "stripe") modules.push(SIMULATOR);
    const [gatewayPort, simulatorPort] = [await freePort(), await freePort()];
    return startLocalPlatform({
      ports: "free",
      dataFolder,
      arguments: ["--only", modules.join(",")],
      env: {
        ...(await nodeOptions()),
        GATEWAY_SERVER_HTTP_ADDR: `127.0.0.1:${gatewayPort}`,
        STRIPE_SIMULATOR_SERVER_HTTP_ADDR: `127.0.0.1:${simulatorPort}`,
        STRIPE_SIMULATOR_WEBHOOK_URL: `http://127.0.0.1:${gatewayPort}/api/v1/payment/webhooks/stripe`,
        PAYMENT_STRIPE_URL: `http://127.0.0.1:${simulatorPort}`,
      },
    });
  };
  return {
    name,
    async seed(dataFolder) {
      await mkdir(join(dataFolder, "config"), { recursive: true });
      await writeFile(join(dataFolder, "config/gateway.yaml"), GATEWAY_CONFIG);
      const platform = await launch(dataFolder);
      try {
        await fillPlatform(platform);
        await untilSettled(await platform.adminUrl());
      } finally {
        await platform.stop();
      }
    },
    async start(dataFolder) {
      const platform = await launch(dataFolder);
      try {
        const adminUrl = await platform.adminUrl();
        const gatewayPort = Number(new URL(await platform.url("gateway")).port);
        const storefront: Storefront = { gatewayPort, payment, pageTokens: await pageTokens(platform) };
        return {
          readyMs: platform.readyMs,
          pid: platform.process.pid ?? 0,
          postgresPid: await postmasterPid(dataFolder),
          adminUrl,
          visit: (connections) => plinthFlow(storefront, connections),
          settle: () => untilSettled(adminUrl),
          books: () => books(adminUrl, payment.provider),
          async stop() {
            await platform.stop();
          },
        };
      } catch (error) {
        await platform.stop();
        throw error;
      }
    },
  };
}

/** The options of Node that `npm start` has by the first line of the command. */
async function nodeOptions(): Promise<Record<string, string>> {
  const [firstLine = ""] = (await readFile(join(ROOT, "cli/bin/plinth"), "utf8")).split("\n");
  return { NODE_OPTIONS: [firstLine.split(" node ")[1], process.env.PLINTH_NODE_OPTIONS].join(" ").trim() };
}

/** The tokens of all pages of the list, the first one's empty. */
async function pageTokens(platform: LocalPlatform): Promise<string[]> {
  const tokens = [""];
  for (let token = ""; ; tokens.push(token)) {
    const { status, body } = await callApi(platform, "GET", listPath(token));
    if (status !== 200) throw new Error(`The list of products answered ${status}: ${JSON.stringify(body)}`);
    token = body.data.next_page_token;
    if (token === "") return tokens;
  }
}

/** A payment by hand is promised when the order is placed, and comes later: its promise is what counts here. */
async function books(adminUrl: string, provider: string): Promise<Books> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Record<keyof Books, string>>(
      `select (select count(*) from orders.orders) as orders,
              (select coalesce(sum(total), 0) from orders.orders) as totals,
              (select coalesce(sum(${provider === "manual" ? "amount" : "captured"}), 0) from payment.intents
                where state in ('authorized', 'captured')) as payments,
              (select coalesce(sum(quantity), 0) from orders.order_lines) as units,
              (select -coalesce(sum(on_hand_difference - reserved_difference), 0) from inventory.movements
                where kind in ('reserve', 'commit', 'release', 'expire')) as "unitsGone"`,
    );
    const [sums] = rows;
    if (sums === undefined) throw new Error("The books are empty.");
    return {
      orders: Number(sums.orders),
      totals: BigInt(sums.totals),
      payments: BigInt(sums.payments),
      units: Number(sums.units),
      unitsGone: Number(sums.unitsGone),
    };
  } finally {
    await client.end();
  }
}
