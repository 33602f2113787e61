import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { resourcePath } from "../kube/resource-path.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { describeCluster } from "../test-cluster/describe-cluster.ts";
import { startTestCluster, type TestCluster } from "../test-cluster/test-cluster.ts";
import { eventually } from "../testing/eventually.ts";
import type { Instance } from "./discovery.ts";
import { describeDiscovery } from "./discovery-contract.ts";
import { ENDPOINT_SLICES } from "./endpoint-slice.ts";
import { openEndpointSliceDiscovery } from "./endpointslice-discovery.ts";

interface SliceOptions {
  readonly name?: string;
  readonly addressType?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

describeCluster("EndpointSlice discovery", () => {
  let cluster: TestCluster;
  let namespaces = 0;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());

  async function aNamespace(): Promise<string> {
    const name = `shop-${++namespaces}`;
    await cluster.client.request({ method: "POST", path: "/api/v1/namespaces", body: { metadata: { name } } });
    return name;
  }

  const open = (namespace: string) => openEndpointSliceDiscovery({ client: cluster.client, namespace, logger: silentLogger });

  /** As the controller of EndpointSlices writes it for a Service of the operator. */
  async function write(
    namespace: string,
    module: string,
    endpoints: readonly object[],
    { name, addressType = "IPv4", labels }: SliceOptions = {},
  ) {
    const metadata = {
      name: name ?? `${module}-1`,
      namespace,
      labels: {
        "kubernetes.io/service-name": module,
        "app.kubernetes.io/managed-by": "plinth-operator",
        "app.kubernetes.io/version": "1.0.0",
        ...labels,
      },
    };
    const ports = [
      { name: "http", port: 8001, protocol: "TCP" },
      { name: "grpc", port: 9001, protocol: "TCP" },
    ];
    await cluster.client.request({
      method: "PATCH",
      path: resourcePath(ENDPOINT_SLICES, { namespace, name: metadata.name }),
      query: { fieldManager: "test", force: true },
      contentType: "application/apply-patch+yaml",
      body: { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata, addressType, endpoints, ports },
    });
  }

  const anEndpoint = (pod: string, address: string, conditions: object = { ready: true, serving: true, terminating: false }) => ({
    addresses: [address],
    conditions,
    targetRef: { kind: "Pod", name: pod, namespace: "shop" },
  });

  describeDiscovery("EndpointSlices", async () => {
    const namespace = await aNamespace();
    const known = new Map<string, Instance[]>();
    // Loopback addresses are refused in slices.
    const shown = (instance: Instance) => ({ ...instance, host: instance.host.replace("127.", "10.") });
    const publish = (module: string, instances: Instance[]) => {
      known.set(module, instances);
      return write(
        namespace,
        module,
        instances.map(shown).map(({ id, host }) => anEndpoint(id, host)),
      );
    };
    return {
      open: () => open(namespace),
      place: {
        add: (module, instance) => publish(module, [...(known.get(module) ?? []), instance]),
        remove: (module, id) =>
          publish(
            module,
            (known.get(module) ?? []).filter((instance) => instance.id !== id),
          ),
        shown,
      },
      close: async () => {},
    };
  });

  test("takes who is ready, of all slices of a Service, and each pod once", async () => {
    const namespace = await aNamespace();
    await write(namespace, "blog", [
      anEndpoint("blog-a", "10.0.0.1"),
      anEndpoint("blog-b", "10.0.0.2", { ready: false, serving: true, terminating: true }),
      anEndpoint("blog-c", "10.0.0.3", {}),
    ]);
    await write(namespace, "blog", [anEndpoint("blog-a", "fd00::1"), anEndpoint("blog-d", "fd00::4")], {
      name: "blog-2",
      addressType: "IPv6",
    });
    await write(namespace, "blog-headless", [anEndpoint("blog-a", "10.0.0.1")], { labels: { "service.kubernetes.io/headless": "" } });
    await write(namespace, "foreign", [anEndpoint("foreign-a", "10.0.0.9")], { labels: { "app.kubernetes.io/managed-by": "Helm" } });
    const discovery = await open(namespace);
    expect(discovery.instances("blog").map(({ id, host }) => [id, host])).toEqual([
      ["blog-a", "10.0.0.1"],
      ["blog-c", "10.0.0.3"],
      ["blog-d", "fd00::4"],
    ]);
    expect(discovery.instances("blog-headless")).toEqual([]);
    expect(discovery.instances("foreign")).toEqual([]);
    await cluster.client.request({ method: "DELETE", path: resourcePath(ENDPOINT_SLICES, { namespace, name: "blog-1" }) });
    await eventually(() => discovery.instances("blog").every(({ host }) => host.startsWith("fd00")));
    await discovery.close();
  });

  test("while the API server is away the last known instances stay, and what changed meanwhile is heard after", async () => {
    const namespace = await aNamespace();
    await write(namespace, "blog", [anEndpoint("blog-a", "10.0.0.1")]);
    const discovery = await open(namespace);
    await cluster.restart({
      async whileDown() {
        expect(discovery.instances("blog")).toHaveLength(1);
      },
    });
    await write(namespace, "blog", [anEndpoint("blog-a", "10.0.0.1"), anEndpoint("blog-b", "10.0.0.2")]);
    await eventually(() => discovery.instances("blog").length === 2);
    await discovery.close();
  });
});
