import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { silentLogger } from "@plinth/kernel/logging";
import type { KeyPair } from "./authority.ts";
import { newMaterial } from "./certificate-material.ts";
import { createFileCertificate } from "./file-certificate.ts";

let folder: string;
let stopping: AbortController;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plinth-certificate-"));
  stopping = new AbortController();
});
afterEach(async () => {
  stopping.abort(new Error("The test ends."));
  await rm(folder, { recursive: true });
});

const aPair = async (): Promise<KeyPair> => (await newMaterial(["localhost"], new Date())).serving;

/** As the kubelet mounts a Secret: the files are links through a link that is exchanged at once. */
async function mount(version: string, { certificate, key }: KeyPair): Promise<void> {
  await mkdir(join(folder, version));
  await writeFile(join(folder, version, "tls.crt"), certificate);
  await writeFile(join(folder, version, "tls.key"), key);
  await symlink(version, join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, "..data"));
}

async function link(): Promise<void> {
  for (const file of ["tls.crt", "tls.key"]) await symlink(join("..data", file), join(folder, file));
}

test("serves what is mounted, and what it is exchanged for", async () => {
  const [first, second] = [await aPair(), await aPair()];
  await mount("..1", first);
  await link();
  const source = createFileCertificate({ folder, logger: silentLogger });
  const changed = new Promise((resolve) => {
    void source.start(resolve, stopping.signal).then(async ({ serving }) => {
      expect(serving).toEqual(first);
      await mount("..2", second);
    });
  });
  expect(await changed).toEqual({ serving: second });
});

test("does not start without a certificate, nor with one to which the key does not belong", async () => {
  const source = createFileCertificate({ folder, logger: silentLogger });
  await expect(source.start(() => undefined, stopping.signal)).rejects.toThrow("ENOENT");
  await mount("..1", { ...(await aPair()), key: (await aPair()).key });
  await link();
  await expect(source.start(() => undefined, stopping.signal)).rejects.toThrow("does not belong");
});
