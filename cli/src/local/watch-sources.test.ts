import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "@jest/globals";
import { watchSources } from "./watch-sources.ts";

let folder: string;
let stop = (): void => {};
let told: () => Promise<void>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plinth-watch-"));
  mkdirSync(join(folder, "src/rpc"), { recursive: true });
  writeFileSync(join(folder, "src/rpc/handler.ts"), "1");
  let count = 0;
  let seen = 0;
  let wake = (): void => {};
  stop = watchSources([folder, join(folder, "missing")], () => {
    count++;
    wake();
  });
  told = async () => {
    while (count <= seen) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    seen = count;
  };
});

afterEach(() => {
  stop();
  rmSync(folder, { recursive: true });
});

/** As tar and many editors do: a new file takes the place of the old one. */
function replace(name: string, text: string): void {
  writeFileSync(join(folder, "aside"), text);
  renameSync(join(folder, "aside"), join(folder, name));
}

test("a file that is written, and one that is replaced again and again", async () => {
  writeFileSync(join(folder, "src/rpc/handler.ts"), "2");
  await told();
  for (const text of ["3", "4", "5"]) {
    replace("src/rpc/handler.ts", text);
    await told();
  }
});

test("files in folders that come later, and their end", async () => {
  mkdirSync(join(folder, "src/domain"));
  await told();
  writeFileSync(join(folder, "src/domain/rules.ts"), "1");
  await told();
  rmSync(join(folder, "src/domain"), { recursive: true });
  await told();
});
