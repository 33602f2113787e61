import { expect, test } from "@jest/globals";
import { KubeError } from "./errors.ts";
import { listAll } from "./list.ts";
import type { KubeRequest } from "./request.ts";

const POD = { group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true };

interface Page {
  items: { metadata: { name: string; managedFields?: unknown[] } }[];
  metadata: { resourceVersion: string; continue?: string };
}

/** Answers in turn, and notes what it was asked. */
function scripted(answers: readonly (Page | KubeError)[]) {
  const asked: KubeRequest[] = [];
  async function request<A>(one: KubeRequest): Promise<A> {
    const answer = answers[asked.length];
    asked.push(one);
    if (answer instanceof KubeError) throw answer;
    const reader = one.read?.();
    reader?.push(Buffer.from(JSON.stringify(answer)));
    return reader?.end() as A;
  }
  return { asked, request };
}

function page(names: string, next?: string): Page {
  const items = names.split("").map((name) => ({ metadata: { name, managedFields: [{}] } }));
  return { items, metadata: { resourceVersion: "7", ...(next && { continue: next }) } };
}

const GONE = new KubeError(410, "Expired", "The pages are gone.");

test("joins the pages, names the kind, and drops managed fields", async () => {
  const { asked, request } = scripted([page("ab", "next"), page("c")]);
  const { items, resourceVersion } = await listAll(request, POD, { namespace: "shop", labelSelector: "a=b" });
  expect(asked.map(({ query }) => query)).toEqual([
    { labelSelector: "a=b", limit: 500 },
    { labelSelector: "a=b", limit: 500, continue: "next" },
  ]);
  expect(resourceVersion).toBe("7");
  expect(items.map(({ metadata }) => metadata.name)).toEqual(["a", "b", "c"]);
  expect(items[0]).toEqual({ apiVersion: "v1", kind: "Pod", metadata: { name: "a" } });
});

test("begins anew when the pages are gone, and asks for all at once when that does not help", async () => {
  const round = [page("ab", "next"), GONE];
  const { asked, request } = scripted([...round, ...round, ...round, ...round, page("xyz")]);
  const { items } = await listAll(request, POD);
  expect(items.map(({ metadata }) => metadata.name)).toEqual(["x", "y", "z"]);
  expect(asked.at(-1)?.query).not.toHaveProperty("limit");
});

test("other failures are the caller's", async () => {
  await expect(listAll(scripted([GONE]).request, POD)).rejects.toBe(GONE);
  const forbidden = new KubeError(403, "Forbidden", "No.");
  await expect(listAll(scripted([page("a", "next"), forbidden]).request, POD)).rejects.toBe(forbidden);
});
