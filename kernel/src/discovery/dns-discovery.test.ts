import { describe, expect, test } from "@jest/globals";
import { silentLogger } from "../logging/silent-logger.ts";
import { eventually } from "../testing/eventually.ts";
import { startNameServer } from "../testing/name-server.ts";
import { describeDiscovery } from "./discovery-contract.ts";
import { createDnsDiscovery, type DeclaredPorts } from "./dns-discovery.ts";

const ZONE = "shop.svc.cluster.local";
const DECLARED: DeclaredPorts = { http: 8001, grpc: 9001, version: "1.0.0" };

/** Looks thirty times as often as in a cluster. */
const hasty = {
  now: Date.now,
  elapsed: () => performance.now(),
  after(ms: number, fn: () => void) {
    const timer = setTimeout(fn, ms / 100);
    return () => clearTimeout(timer);
  },
  sleep: async () => {},
};

async function aZone(declared: (module: string) => DeclaredPorts | undefined = () => DECLARED) {
  const server = await startNameServer();
  const open = async () =>
    createDnsDiscovery({ zone: ZONE, declared, logger: silentLogger, servers: [server.address], clock: hasty, random: () => 0.5 });
  return { server, open };
}

describeDiscovery("DNS", async () => {
  const { server, open } = await aZone();
  const hosts = new Map<string, string>();
  return {
    open,
    place: {
      async add(module, { id, host }) {
        hosts.set(id, host);
        server.addresses(`${module}-headless.${ZONE}`).add(host);
      },
      async remove(module, id) {
        server.addresses(`${module}-headless.${ZONE}`).delete(hosts.get(id) ?? "");
      },
      shown: (instance) => ({ ...instance, id: `${instance.id.split("-")[0]}@${instance.host}` }),
    },
    close: server.close,
  };
});

describe("DNS discovery", () => {
  test("a module without gRPC is found by its Service", async () => {
    const { server, open } = await aZone(() => ({ http: 8001, version: "1.0.0" }));
    server.addresses(`site.${ZONE}`).add("10.96.0.7");
    const discovery = await open();
    discovery.instances("site");
    await eventually(() => discovery.instances("site").length === 1);
    expect(discovery.instances("site")).toEqual([
      { id: "site@10.96.0.7", host: "10.96.0.7", httpPort: 8001, grpcPort: 0, version: "1.0.0" },
    ]);
    await discovery.close();
    await server.close();
  });

  test("the ports of a module that is not declared here are told by SRV records", async () => {
    const { server, open } = await aZone(() => undefined);
    server.addresses(`auth-headless.${ZONE}`).add("10.0.0.7");
    server.ports.set(`_http._tcp.auth.${ZONE}`, 8000);
    const discovery = await open();
    discovery.watch("auth", () => {});
    await eventually(() => discovery.instances("auth").length === 1);
    expect(discovery.instances("auth")).toEqual([{ id: "auth@10.0.0.7", host: "10.0.0.7", httpPort: 8000, grpcPort: 0, version: "" }]);
    await discovery.close();
    await server.close();
  });

  test("while the name server fails the last known instances stay", async () => {
    const { server, open } = await aZone();
    server.addresses(`blog-headless.${ZONE}`).add("10.0.0.7");
    const discovery = await open();
    discovery.watch("blog", () => {});
    await eventually(() => discovery.instances("blog").length === 1);
    server.failing = true;
    const before = server.questions;
    await eventually(() => server.questions > before + 6);
    expect(discovery.instances("blog")).toHaveLength(1);
    server.failing = false;
    server.addresses(`blog-headless.${ZONE}`).clear();
    await eventually(() => discovery.instances("blog").length === 0);
    await discovery.close();
    await server.close();
  });

  test("only modules that somebody asks for are looked up", async () => {
    const { server, open } = await aZone();
    const discovery = await open();
    discovery.watch("blog", () => {});
    await eventually(() => server.questions > 3);
    expect([...server.asked]).toEqual([`blog-headless.${ZONE}`]);
    await discovery.close();
    await server.close();
  });
});
