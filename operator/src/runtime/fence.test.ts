import { expect, test } from "@jest/globals";
import { createManualClock } from "@plinth/kernel/base";
import type { KubeClient, KubeRequest } from "@plinth/kernel/kube";
import { fenceWrites, NotLeadingError } from "./fence.ts";

test("reads always pass, writes only while there is time, and each ends in it", async () => {
  const asked: KubeRequest[] = [];
  const client = {
    async request(request: KubeRequest) {
      asked.push(request);
    },
  } as unknown as KubeClient;
  const clock = createManualClock();
  const fenced = fenceWrites(client, { leftMs: () => Math.max(0, 10_000 - clock.elapsed()) });
  await fenced.request({ method: "PATCH", path: "/one" });
  await fenced.request({ method: "PATCH", path: "/two", deadlineMs: 3000 });
  clock.advance(8000);
  await fenced.request({ method: "POST", path: "/three", deadlineMs: 3000 });
  clock.advance(2000);
  await expect(fenced.request({ method: "DELETE", path: "/four" })).rejects.toThrow(NotLeadingError);
  await fenced.request({ method: "GET", path: "/five" });
  expect(asked.map(({ path, deadlineMs }) => [path, deadlineMs])).toEqual([
    ["/one", 10_000],
    ["/two", 3000],
    ["/three", 2000],
    ["/five", undefined],
  ]);
});
