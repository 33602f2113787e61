import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { checkContents, type Template, type TemplateContent } from "../domain/template.ts";

/** Where `layout.html` takes a mail's own HTML and its language. */
const BODY = "<!-- body -->";
const LANGUAGE = 'lang="en"';

/**
 * Reads the templates that come with the service: a folder each, with `template.json` (category and description), and per language
 * `<locale>.txt`, whose first line is `Subject: …`, and `<locale>.html`, which is put into `layout.html`.
 */
export async function loadTemplates(folder: string): Promise<ReadonlyMap<string, Template>> {
  const layout = await readFile(join(folder, "layout.html"), "utf8");
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const templates = await Promise.all(names.sort().map((name) => loadTemplate(folder, name, layout)));
  return new Map(templates.map((template) => [template.name, template]));
}

async function loadTemplate(folder: string, name: string, layout: string): Promise<Template> {
  const own = join(folder, name);
  const about = JSON.parse(await readFile(join(own, "template.json"), "utf8")) as { category: string; description: string };
  const files = (await readdir(own)).filter((file) => file.endsWith(".txt")).sort();
  const contents = await Promise.all(files.map((file) => loadContent(own, file.slice(0, -".txt".length), layout)));
  const { mtime } = await stat(join(own, "template.json"));
  return { name, ...about, version: 1, contents: checkContents(contents), builtIn: true, updatedAt: mtime };
}

async function loadContent(folder: string, locale: string, layout: string): Promise<TemplateContent> {
  const [source, html] = await Promise.all([
    readFile(join(folder, `${locale}.txt`), "utf8"),
    readFile(join(folder, `${locale}.html`), "utf8"),
  ]);
  const parts = /^Subject: (.+)\n\n([\s\S]+)$/.exec(source);
  if (parts === null) throw new Error(`${join(folder, locale)}.txt: begin with "Subject: …" and an empty line.`);
  const [, subject = "", text = ""] = parts;
  return { channel: "email", locale, subject, text, html: layout.replace(LANGUAGE, `lang="${locale}"`).replace(BODY, () => html.trim()) };
}
