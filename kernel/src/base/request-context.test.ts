import { expect, test } from "@jest/globals";
import { currentContext, runInContext } from "./request-context.ts";

test("the context is seen by all that is awaited in it, and by nothing beside it", async () => {
  const context = { requestId: "r1", traceId: "", module: "blog", tenantId: "default", signal: new AbortController().signal };
  await runInContext(context, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    expect(currentContext()).toBe(context);
    await runInContext({ ...context, requestId: "r2" }, async () => expect(currentContext()?.requestId).toBe("r2"));
    expect(currentContext()?.requestId).toBe("r1");
  });
  expect(currentContext()).toBeUndefined();
});
