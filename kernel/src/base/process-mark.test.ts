import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "@jest/globals";
import { isAlive, isRunning, ownMark } from "./process-mark.ts";

test("this process runs, and neither a later nor an earlier one with its number is it", () => {
  const mark = ownMark();
  expect(mark.pid).toBe(process.pid);
  expect(isRunning(mark)).toBe(true);
  expect(isRunning({ ...mark, since: `${mark.since}1` })).toBe(false);
});

test("a process that was killed does not run, whether its parent has noticed or not", async () => {
  // Prints its mark and waits; its parent stays busy in the meantime, so that nobody notices its end.
  const script = `import { ownMark } from ${JSON.stringify(import.meta.resolve("./process-mark.ts"))};
    console.log(JSON.stringify(ownMark()));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const mark = JSON.parse(line.toString());
  expect(isRunning(mark)).toBe(true);
  child.kill("SIGKILL");
  const unnoticed = performance.now() + 5_000;
  while (isRunning(mark) && performance.now() < unnoticed);
  expect([isRunning(mark), isAlive(mark.pid)]).toEqual([false, true]);
  await once(child, "exit");
  expect([isRunning(mark), isAlive(mark.pid)]).toEqual([false, false]);
});
