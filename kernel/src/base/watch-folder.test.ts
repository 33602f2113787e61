import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "@jest/globals";
import { watchFolder } from "./watch-folder.ts";

let root: string;
let stop: () => void = () => undefined;
let heard: () => void = () => undefined;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "plinth-watch-"));
});

afterEach(async () => {
  stop();
  await rm(root, { recursive: true, force: true });
});

/** Repeats `act` until a change is heard: the watch begins a moment after the call. */
async function untilHeard(act: (round: number) => Promise<void>): Promise<void> {
  let done = false;
  const change = new Promise<void>((resolve) => {
    heard = () => {
      done = true;
      resolve();
    };
  });
  for (let round = 0; !done; round++) {
    if (round === 100) throw new Error("No change was heard.");
    await act(round);
    await Promise.race([change, new Promise((resolve) => setTimeout(resolve, 100))]);
  }
}

test("hears a write, a rename over a file and a swapped link", async () => {
  stop = watchFolder(root, () => heard(), { debounceMs: 5, checkMs: 20 });
  await untilHeard((round) => writeFile(join(root, "a.yaml"), `${round}`));
  await untilHeard(async (round) => {
    await writeFile(join(root, ".a.tmp"), `${round}`);
    await rename(join(root, ".a.tmp"), join(root, "a.yaml"));
  });
  await untilHeard(async (round) => {
    await mkdir(join(root, `..data_${round}`));
    await symlink(`..data_${round}`, join(root, "..data_tmp"));
    await rename(join(root, "..data_tmp"), join(root, "..data"));
  });
});

test("hears a folder that appears later, and follows it when it is replaced", async () => {
  const folder = join(root, "later");
  stop = watchFolder(folder, () => heard(), { debounceMs: 5, checkMs: 20 });
  await untilHeard(() => mkdir(folder, { recursive: true }).then(() => undefined));
  await untilHeard(async (round) => {
    await rename(folder, join(root, `old-${round}`));
    await mkdir(folder);
  });
  await untilHeard((round) => writeFile(join(folder, "a.yaml"), `${round}`));
});
