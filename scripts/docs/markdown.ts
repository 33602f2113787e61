/** A fenced block of a Markdown file. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;

/** The fenced blocks, in their order. */
export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(FENCE)].map(([, language = "", text = ""]) => ({ language, text }));
}

/** What stands between single backticks in the prose. */
export function inlineCodeOf(markdown: string): string[] {
  return [...proseOf(markdown).matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}

/** The targets of links in the prose, as they are written. */
export function linksOf(markdown: string): string[] {
  return [...withoutCode(proseOf(markdown)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
}

/** The anchors that GitHub gives the headings. */
export function anchorsOf(markdown: string): string[] {
  const seen = new Map<string, number>();
  return [...proseOf(markdown).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = ""]) => {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-");
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
}

/** The commands of a shell block, one a line, without comments. */
export function commandsOf(shell: string): string[] {
  return shell
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");
}

function proseOf(markdown: string): string {
  return markdown.replaceAll(FENCE, "");
}

function withoutCode(prose: string): string {
  return prose.replaceAll(/`[^`\n]+`/g, "`code`");
}
