import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../cluster/run.ts";
import { CACHE } from "../components/cache.ts";

interface Manifest {
  readonly mediaType: string;
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

/**
 * Copies an image out of buildah's store into `file`, in the archive format of the OCI that containerd imports, without the parts in
 * `leaveOut`, which the receiver has already.
 */
export function exportImage(name: string, file: string, leaveOut: ReadonlySet<string>): void {
  const images = join(CACHE, "images");
  mkdirSync(images, { recursive: true });
  const folder = mkdtempSync(join(images, "export-"));
  try {
    // Layers as they are: packing them would take longer than everything else.
    run("buildah", ["push", "--quiet", "--disable-compression", name, `dir:${folder}`], { timeoutMs: 600_000 });
    const manifest = readFileSync(join(folder, "manifest.json"));
    const { mediaType, config, layers } = JSON.parse(manifest.toString("utf8")) as Manifest;
    const digest = createHash("sha256").update(manifest).digest("hex");
    const blobs = join(folder, "blobs", "sha256");
    mkdirSync(blobs, { recursive: true });
    renameSync(join(folder, "manifest.json"), join(blobs, digest));
    for (const part of new Set([config.digest, ...layers.map((layer) => layer.digest)])) {
      const hex = part.slice("sha256:".length);
      if (!leaveOut.has(part)) renameSync(join(folder, hex), join(blobs, hex));
    }
    // By this annotation containerd knows its name.
    const annotations = { "io.containerd.image.name": name };
    const index = { schemaVersion: 2, manifests: [{ mediaType, digest: `sha256:${digest}`, size: manifest.length, annotations }] };
    writeFileSync(join(folder, "index.json"), JSON.stringify(index));
    writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    run("tar", ["--create", "--file", file, "--directory", folder, "oci-layout", "index.json", "blobs"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
