import { expect, test } from "@jest/globals";
import { wholeName } from "./images.ts";
import { clusterFrom, isInLocalRegistry } from "./settings.ts";

test("two clusters share no name, address or folder", () => {
  const { number: _first, ...one } = clusterFrom({ number: 0 });
  const { number: _second, ...other } = clusterFrom({ number: 1 });
  const values = [...Object.values(one), ...Object.values(other)];
  expect(new Set(values).size).toBe(values.length);
});

test("images of a local cluster's registry are told from all others", () => {
  for (const number of [0, 9]) expect(isInLocalRegistry(`${clusterFrom({ number }).registry}/mine:1`)).toBe(true);
  for (const other of ["mine:1", "docker.io/mine:1", "10.88.10.1:5000/mine:1", "10.88.0.1/mine", "registry.example/10.88.0.1:5000/mine"])
    expect(isInLocalRegistry(other)).toBe(false);
});

test.each([-1, 10, 1.5, Number.NaN])("the number %s is refused", (number) => {
  expect(() => clusterFrom({ number })).toThrow(/0 to 9/);
});

test.each([
  ["redis", "docker.io/library/redis:latest"],
  ["redis:8", "docker.io/library/redis:8"],
  ["plinth/services:0.1.0", "docker.io/plinth/services:0.1.0"],
  ["registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"],
  ["localhost/mine", "localhost/mine:latest"],
  ["localhost:5000/mine", "localhost:5000/mine:latest"],
  ["mine@sha256:0123", "docker.io/library/mine@sha256:0123"],
])("the image %s is %s", (name, whole) => {
  expect(wholeName(name)).toBe(whole);
});
