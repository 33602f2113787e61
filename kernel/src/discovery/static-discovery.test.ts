import { expect, test } from "@jest/globals";
import { describeDiscovery } from "./discovery-contract.ts";
import { createStaticDiscovery } from "./static-discovery.ts";

/** There is one process, hence one view. */
describeDiscovery("a table in the process", async () => {
  const table = createStaticDiscovery();
  return { open: async () => table, close: async () => undefined };
});

test("a table that was written down is known from the start", () => {
  const instance = { id: "blog-1", host: "10.0.0.7", httpPort: 8001, grpcPort: 9001, version: "1.0.0" };
  expect(createStaticDiscovery({ blog: [instance] }).instances("blog")).toEqual([instance]);
});
