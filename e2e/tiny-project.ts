import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./local-platform.ts";

/** A project of a few modules without database, that start in no time and each answer one word. */
export interface TinyProject {
  readonly root: string;
  /** Writes a module's declaration; `spec` is YAML below `spec:`, each line indented by two. */
  declare(module: string, spec?: string): Promise<void>;
  /** Writes a module's code: `GET /word` answers `word`. */
  program(module: string, word: string): Promise<void>;
  /** Writes any text as a module's code. */
  writeCode(module: string, code: string): Promise<void>;
  removeModule(module: string): Promise<void>;
  remove(): Promise<void>;
}

export async function tinyProject(): Promise<TinyProject> {
  const root = await mkdtemp(join(tmpdir(), "plinth-tiny-"));
  await mkdir(join(root, "services"));
  await symlink(join(ROOT, "node_modules"), join(root, "node_modules"));
  await writeFile(join(root, "package.json"), '{"type": "module"}\n');
  const folderOf = (module: string) => join(root, "services", module);
  const writeCode = async (module: string, code: string) => {
    await mkdir(join(folderOf(module), "src"), { recursive: true });
    await writeFile(join(folderOf(module), "src", "index.ts"), code);
  };
  return {
    root,
    async declare(module, spec = "") {
      await mkdir(folderOf(module), { recursive: true });
      const head = `apiVersion: plinth.dev/v1alpha1\nkind: Module\nmetadata: {name: ${module}}\nspec:\n  version: 1.0.0\n`;
      await writeFile(join(folderOf(module), "module.yaml"), `${head}${spec}`);
    },
    program: (module, word) =>
      writeCode(
        module,
        `import { defineService } from "@plinth/kernel/service";

export default defineService(import.meta.url, (service) => {
  service.http("get", "/word", (_request, response) => void response.send("${word}"), { public: true });
});
`,
      ),
    writeCode,
    removeModule: (module) => rm(folderOf(module), { recursive: true }),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}
