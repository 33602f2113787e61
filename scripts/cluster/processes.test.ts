import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "@jest/globals";
import { findProcess, isAlive, signal, stop } from "./processes.ts";

// They read /proc.
const onLinux = process.platform === "linux" ? test : test.skip;

onLinux("a process is told from a later one with the same id", () => {
  const here = findProcess(process.pid);
  expect(isAlive(here)).toBe(true);
  expect(isAlive({ pid: process.pid, startTime: "1" })).toBe(false);
  expect(isAlive(undefined)).toBe(false);
});

onLinux("no signal reaches a process that only has the same id", async () => {
  const child = spawn("sleep", ["60"]);
  const pid = child.pid ?? 0;
  signal({ pid, startTime: "1" }, "SIGKILL");
  expect(findProcess(pid)).toBeDefined();
  const exit = once(child, "exit");
  const id = findProcess(pid);
  if (id !== undefined) await stop(id, 5_000);
  expect(await exit).toEqual([null, "SIGTERM"]);
});

onLinux("a process that will not end is ended", async () => {
  const child = spawn("bash", ["-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  const exit = once(child, "exit");
  const id = findProcess(child.pid ?? 0);
  if (id !== undefined) await stop(id, 100);
  expect(await exit).toEqual([null, "SIGKILL"]);
});
