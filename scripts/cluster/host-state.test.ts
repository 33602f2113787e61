import { expect, test } from "@jest/globals";
import { compareHostStates } from "./host-state.ts";

test("equal states differ in nothing, whatever their order", () => {
  expect(compareHostStates({ links: ["lo", "eth0"] }, { links: ["eth0", "lo"] })).toEqual([]);
});

test("what came and what went is named by its kind", () => {
  const before = { links: ["lo"], sysctls: ["net.ipv4.ip_forward=0"] };
  const after = { links: ["lo", "plinth0"], sysctls: ["net.ipv4.ip_forward=1"] };
  expect(compareHostStates(before, after)).toEqual([
    "+ links: plinth0",
    "+ sysctls: net.ipv4.ip_forward=1",
    "- sysctls: net.ipv4.ip_forward=0",
  ]);
});
