import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { findRunningPostgres } from "./find-running-postgres.ts";
import { startEmbeddedPostgres } from "./start-embedded-postgres.ts";

test("a server is found while it runs, and not before, after, or by what a dead one left", async () => {
  const folder = mkdtempSync(join(tmpdir(), "plinth-find-"));
  const dataFolder = join(folder, "postgres");
  try {
    expect(await findRunningPostgres(dataFolder)).toBeUndefined();
    const postgres = await startEmbeddedPostgres({ dataFolder, fast: true });
    expect(await findRunningPostgres(dataFolder)).toBe(postgres.adminUrl);
    await postgres.stop();
    expect(await findRunningPostgres(dataFolder)).toBeUndefined();
    // As after a power cut: the lock file stays, and its number may belong to anybody by now.
    writeFileSync(join(dataFolder, "postmaster.pid"), `${process.pid}\n`);
    expect(await findRunningPostgres(dataFolder)).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
