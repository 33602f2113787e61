import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createDueHeap, type Due } from "./due-heap.ts";

test("the heap has first what falls due first, whatever was put in, moved and removed before", () => {
  const aStep = fc.record({ which: fc.nat(30), dueAt: fc.option(fc.nat(100)) });
  fc.assert(
    fc.property(fc.array(aStep, { maxLength: 100, size: "max" }), (steps) => {
      const heap = createDueHeap<Due>();
      const items = Array.from({ length: 31 }, (): Due => ({ dueAt: 0, place: -1 }));
      const inside = new Set<Due>();
      const leastOf = (): number | undefined => [...inside].map(({ dueAt }) => dueAt).sort((one, other) => one - other)[0];
      for (const { which, dueAt } of steps) {
        const item = items[which] as Due;
        if (dueAt === null) {
          heap.remove(item);
          inside.delete(item);
        } else {
          item.dueAt = dueAt;
          heap.put(item);
          inside.add(item);
        }
        expect(heap.first?.dueAt).toBe(leastOf());
      }
      for (let first = heap.first; first !== undefined; first = heap.first) {
        expect(first.dueAt).toBe(leastOf());
        heap.remove(first);
        inside.delete(first);
      }
      expect(inside.size).toBe(0);
    }),
    { numRuns: 300 },
  );
});
