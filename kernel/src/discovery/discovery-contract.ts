import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { eventually } from "../testing/eventually.ts";
import type { Discovery, Instance } from "./discovery.ts";

/** A driver under test: each `open` gives another view of the same registry, as another process has. */
export interface DiscoveryUnderTest {
  open(): Promise<Discovery>;
  /** Given where the place itself notes who is there: what it does when an instance comes, and when it goes. */
  readonly place?: {
    add(module: string, instance: Instance): Promise<void>;
    remove(module: string, instanceId: string): Promise<void>;
    /** An instance as views of this place show it. */
    shown(instance: Instance): Instance;
  };
  close(): Promise<void>;
}

function anInstance(changed: Partial<Instance> = {}): Instance {
  return { id: "blog-1", host: "127.0.0.1", httpPort: 8001, grpcPort: 9001, version: "1.0.0", ...changed };
}

const second = anInstance({ id: "blog-2", host: "127.0.0.2" });

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

    const shown = (instances: readonly Instance[]) => instances.map((instance) => driver.place?.shown(instance) ?? instance);
    const sees = (view: Discovery, module: string, instances: readonly Instance[]) =>
      eventually(
        () =>
          view
            .instances(module)
            .map(({ id }) => id)
            .join() ===
          shown(instances)
            .map(({ id }) => id)
            .join(),
      );

    /** Whoever registers is seen at once by itself; what the place notes, soon. */
    async function come(module: string, instance: Instance, all: readonly Instance[]): Promise<void> {
      if (driver.place === undefined) await discovery.register(module, instance);
      else {
        await driver.place.add(module, instance);
        await sees(discovery, module, all);
      }
      expect(discovery.instances(module)).toEqual(shown(all));
    }

    async function go(module: string, instanceId: string, left: readonly Instance[]): Promise<void> {
      if (driver.place === undefined) await discovery.deregister(module, instanceId);
      else {
        await driver.place.remove(module, instanceId);
        await sees(discovery, module, left);
      }
      expect(discovery.instances(module)).toEqual(shown(left));
    }

    test("knows who is there, and nobody else", async () => {
      expect(discovery.instances("blog")).toEqual([]);
      await come("blog", anInstance(), [anInstance()]);
      await come("blog", second, [anInstance(), second]);
      await come("audit", anInstance({ id: "audit-1" }), [anInstance({ id: "audit-1" })]);
      expect(discovery.instances("blog")).toEqual(shown([anInstance(), second]));
      expect(discovery.instances("authz")).toEqual([]);
    });

    test("an id that registers again replaces what it said before; where the place notes who is there, nobody can", async () => {
      await come("blog", anInstance(), [anInstance()]);
      await discovery.register("blog", anInstance({ grpcPort: 9555 }));
      const expected = driver.place === undefined ? [anInstance({ grpcPort: 9555 })] : shown([anInstance()]);
      expect(discovery.instances("blog")).toEqual(expected);
    });

    test("forgets who goes; an unknown id is no error", async () => {
      await come("blog", anInstance(), [anInstance()]);
      await discovery.deregister("blog", "blog-7");
      expect(discovery.instances("blog")).toHaveLength(1);
      await go("blog", "blog-1", []);
    });

    test("a watch tells at once, then each change of its module, until it is stopped", async () => {
      const told: string[][] = [];
      const stop = discovery.watch("blog", (instances) => told.push(instances.map(({ id }) => id)));
      expect(told).toEqual([[]]);
      await come("blog", anInstance(), [anInstance()]);
      await discovery.register("blog", anInstance());
      await come("audit", anInstance({ id: "audit-1" }), [anInstance({ id: "audit-1" })]);
      await come("blog", second, [anInstance(), second]);
      await go("blog", "blog-1", [second]);
      expect(told).toEqual([[], [anInstance()], [anInstance(), second], [second]].map((all) => shown(all).map(({ id }) => id)));
      stop();
      await go("blog", "blog-2", []);
      expect(told).toHaveLength(4);
    });

    test("others hear of it", async () => {
      const other = await driver.open();
      try {
        let seen: readonly Instance[] = [];
        other.watch("blog", (instances) => {
          seen = instances;
        });
        await come("blog", anInstance(), [anInstance()]);
        await eventually(() => seen.length === 1);
        expect(other.instances("blog")).toEqual(shown([anInstance()]));
        await go("blog", "blog-1", []);
        await eventually(() => seen.length === 0);
      } finally {
        await other.close();
      }
    });

    test("who opens later knows who is there", async () => {
      await come("blog", anInstance(), [anInstance()]);
      const later = await driver.open();
      if (driver.place !== undefined) await sees(later, "blog", [anInstance()]);
      expect(later.instances("blog")).toEqual(shown([anInstance()]));
      await later.close();
    });
  });
}
