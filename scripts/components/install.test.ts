import { expect, test } from "@jest/globals";
import { CATALOGUE } from "./catalogue.ts";
import { installComponent } from "./install.ts";

test("an unknown name is answered with those that are known", async () => {
  await expect(installComponent("kubernetes")).rejects.toThrow(/There is no component kubernetes\. Known: kube, helm/);
  await expect(installComponent("toString")).rejects.toThrow(/no component/);
});

test("sets name components that are there", () => {
  const named = Object.values(CATALOGUE).flatMap((component) => (component.kind === "set" ? component.components : []));
  expect(named.filter((name) => CATALOGUE[name] === undefined)).toEqual([]);
});

test("no two programs are told by the same variable", () => {
  const variables = Object.values(CATALOGUE).flatMap((component) =>
    component.kind === "go"
      ? component.programs.map(({ variable }) => variable)
      : component.kind === "debian"
        ? Object.keys(component.variables)
        : [],
  );
  expect(new Set(variables).size).toBe(variables.length);
});
