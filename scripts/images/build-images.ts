import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CACHE, withLock } from "../components/cache.ts";
import { installComponent } from "../components/install.ts";
import { buildFrom, findImageId, findInputs } from "./buildah.ts";
import { type Recipe, recipes } from "./catalogue.ts";
import { sources } from "./sources.ts";

/** The images that can be made here, by their whole names. */
export const OFFLINE_IMAGES: readonly string[] = recipes(sources).map(({ name }) => name);

/** Makes the images that are missing or whose parts changed, each after those it stands on. `onBuild` hears of each one that is made. */
export async function buildOfflineImages(names: readonly string[], onBuild: (name: string) => void): Promise<void> {
  await installComponent("images");
  mkdirSync(join(CACHE, "images"), { recursive: true });
  const known = recipes(sources);
  const wanted = (name: string): Recipe => {
    const recipe = known.find((candidate) => candidate.name === name);
    if (recipe === undefined) throw new Error(`There is no recipe for ${name}. Known: ${OFFLINE_IMAGES.join(", ")}.`);
    return recipe;
  };
  await withLock(
    join(CACHE, "images", ".lock"),
    () => process.stderr.write("Waiting for another process that builds images.\n"),
    async () => {
      const done = new Set<string>();
      const visit = async (recipe: Recipe): Promise<void> => {
        if (done.has(recipe.name)) return;
        for (const below of recipe.on) await visit(wanted(below));
        await build(recipe, onBuild);
        done.add(recipe.name);
      };
      for (const name of names) await visit(wanted(name));
    },
  );
}

async function build(recipe: Recipe, onBuild: (name: string) => void): Promise<void> {
  const files = await Promise.all(Object.entries(recipe.files).map(async ([name, find]) => [name, await find()] as const));
  const hash = createHash("sha256");
  for (const below of recipe.on) hash.update(`${below} ${findImageId(below)}\n`);
  for (const name of readdirSync(recipe.folder).sort()) hash.update(`${name}\n`).update(readFileSync(join(recipe.folder, name)));
  // Big, and never changed in their places: size and time tell enough.
  for (const [name, path] of files) hash.update(`${name} ${path} ${statSync(path).size} ${statSync(path).mtimeMs}\n`);
  const inputs = hash.digest("hex").slice(0, 32);
  if (findInputs(recipe.name) === inputs) return;
  onBuild(recipe.name);
  const context = mkdtempSync(join(tmpdir(), "plinth-image-"));
  try {
    cpSync(recipe.folder, context, { recursive: true });
    // As they are, links of the package included: they point to each other.
    for (const [name, path] of files) cpSync(path, join(context, name), { recursive: true, verbatimSymlinks: true });
    buildFrom(context, recipe.name, inputs);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}
