import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Discovery, Instance } from "./discovery.ts";

/** A driver under test: each `open` gives another view of the same registry, as another process has. */
export interface DiscoveryUnderTest {
  open(): Promise<Discovery>;
  close(): Promise<void>;
}

function anInstance(changed: Partial<Instance> = {}): Instance {
  return { id: "blog-1", host: "127.0.0.1", httpPort: 8001, grpcPort: 9001, version: "1.0.0", ...changed };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** What every driver of `Discovery` must do. */
export function describeDiscovery(name: string, start: () => Promise<DiscoveryUnderTest>): void {
  describe(`discovery by ${name}`, () => {
    let driver: DiscoveryUnderTest;
    let discovery: Discovery;
    beforeEach(async () => {
      driver = await start();
      discovery = await driver.open();
    });
    afterEach(async () => {
      await discovery.close();
      await driver.close();
    });

    test("knows who registered, at once, and nobody else", async () => {
      expect(discovery.instances("blog")).toEqual([]);
      await discovery.register("blog", anInstance());
      await discovery.register("blog", anInstance({ id: "blog-2", grpcPort: 9101 }));
      await discovery.register("audit", anInstance({ id: "audit-1" }));
      expect(discovery.instances("blog")).toEqual([anInstance(), anInstance({ id: "blog-2", grpcPort: 9101 })]);
      expect(discovery.instances("authz")).toEqual([]);
    });

    test("an id that registers again replaces what it said before", async () => {
      await discovery.register("blog", anInstance());
      await discovery.register("blog", anInstance({ grpcPort: 9555 }));
      expect(discovery.instances("blog")).toEqual([anInstance({ grpcPort: 9555 })]);
    });

    test("forgets who deregistered; an unknown id is no error", async () => {
      await discovery.register("blog", anInstance());
      await discovery.deregister("blog", "blog-7");
      expect(discovery.instances("blog")).toHaveLength(1);
      await discovery.deregister("blog", "blog-1");
      expect(discovery.instances("blog")).toEqual([]);
    });

    test("a watch tells at once, then each change of its module, until it is stopped", async () => {
      const told: string[] = [];
      const stop = discovery.watch("blog", (instances) => told.push(instances.map(({ id }) => id).join(",")));
      expect(told).toEqual([""]);
      await discovery.register("blog", anInstance());
      await discovery.register("blog", anInstance());
      await discovery.register("audit", anInstance({ id: "audit-1" }));
      await discovery.register("blog", anInstance({ id: "blog-2" }));
      await discovery.deregister("blog", "blog-1");
      expect(told).toEqual(["", "blog-1", "blog-1,blog-2", "blog-2"]);
      stop();
      await discovery.deregister("blog", "blog-2");
      expect(told).toHaveLength(4);
    });

    test("others hear of it", async () => {
      const other = await driver.open();
      try {
        let seen: readonly Instance[] = [];
        other.watch("blog", (instances) => {
          seen = instances;
        });
        await discovery.register("blog", anInstance());
        await until(() => seen.length === 1);
        expect(other.instances("blog")).toEqual([anInstance()]);
        await discovery.deregister("blog", "blog-1");
        await until(() => seen.length === 0);
      } finally {
        await other.close();
      }
    });

    test("who opens later knows who is there", async () => {
      await discovery.register("blog", anInstance());
      const later = await driver.open();
      expect(later.instances("blog")).toEqual([anInstance()]);
      await later.close();
    });
  });
}
