import { notFound, type Page, type PageRequest, validation } from "@plinth/kernel/base";
import { type Channel, type ServedChannel, servedChannel } from "./channel.ts";
import { checkTemplateText } from "./template-language.ts";

/** A template's text for one channel in one language. */
export interface TemplateContent {
  readonly channel: ServedChannel;
  /** BCP 47. */
  readonly locale: string;
  readonly subject: string;
  readonly text: string;
  /** Of a mail; empty: the mail is plain text. */
  readonly html: string;
}

/** One version of a text with variables. Versions never change. */
export interface Template {
  readonly name: string;
  readonly category: string;
  readonly description: string;
  /** From 1. */
  readonly version: number;
  readonly contents: readonly TemplateContent[];
  /** It comes with the service. */
  readonly builtIn: boolean;
  readonly updatedAt: Date;
}

/** What is written of a template by its author. */
export interface TemplateDraft {
  readonly description: string;
  readonly contents: readonly (Omit<TemplateContent, "channel"> & { readonly channel: Channel })[];
}

/** The tenant's own templates, and behind them those that come with the service. */
export interface TemplateStore {
  /** The newest version unless one is given. */
  findTemplate(name: string, version?: number): Promise<Template | undefined>;
  findBuiltIn(name: string): Template | undefined;
  listTemplates(page: PageRequest): Promise<Page<Template>>;
  listVersions(name: string, page: PageRequest): Promise<Page<Template>>;
  /** Throws CONFLICT, reason TEMPLATE_EXISTS. */
  insert(template: Template): Promise<void>;
  /** Makes the next version of what `decide` is shown. Throws NOT_FOUND, reason TEMPLATE_NOT_FOUND; CONFLICT, reason TEMPLATE_BUILT_IN. */
  change(name: string, decide: (newest: Template) => Template): Promise<Template>;
  /** All versions. Throws as `change` does. */
  remove(name: string): Promise<void>;
}

/** Throws NOT_FOUND, reason TEMPLATE_NOT_FOUND. */
export async function getTemplate(templates: TemplateStore, name: string, version = 0): Promise<Template> {
  const template = await templates.findTemplate(name, version === 0 ? undefined : version);
  if (template === undefined) throw templateNotFound(name, version);
  return template;
}

export function templateNotFound(name: string, version = 0): Error {
  const which = version === 0 ? name : `${name} in version ${version}`;
  return notFound(`There is no template ${which}.`, { reason: "TEMPLATE_NOT_FOUND", metadata: { name } });
}

/** The first language that is needed: every template speaks it. */
const LAST_RESORT = "en";

/** The content in the language, in one that is close ("de-CH" → "de"), in English, or else in the first there is. */
export function findContent(template: Template, channel: ServedChannel, locale: string): TemplateContent | undefined {
  const ofChannel = template.contents.filter((content) => content.channel === channel);
  for (let wanted = locale; wanted !== ""; wanted = wanted.slice(0, Math.max(0, wanted.lastIndexOf("-")))) {
    const content = ofChannel.find((each) => each.locale === wanted);
    if (content !== undefined) return content;
  }
  return ofChannel.find((each) => each.locale === LAST_RESORT) ?? ofChannel[0];
}

/** The channels that a template has a text for. */
export function channelsOf(template: Template): ServedChannel[] {
  return [...new Set(template.contents.map(({ channel }) => channel))];
}

/** Throws VALIDATION_ERROR that names the content: one that is there twice, has no subject, or does not parse. */
export function checkContents(contents: TemplateDraft["contents"]): TemplateContent[] {
  const seen = new Set<string>();
  return contents.map((content, index) => {
    const field = `contents[${index}]`;
    const channel = servedChannel(content.channel);
    const key = `${channel} ${content.locale}`;
    if (seen.has(key)) throw validation({ [field]: `is a second text for ${channel} in ${content.locale}; leave one` });
    seen.add(key);
    if (content.subject.trim() === "") throw validation({ [`${field}.subject`]: "must not be empty" });
    if (channel !== "email" && content.html !== "") throw validation({ [`${field}.html`]: "only mails have HTML" });
    checkTemplateText(content.subject, `${field}.subject`, "text");
    checkTemplateText(content.text, `${field}.text`, "text");
    checkTemplateText(content.html, `${field}.html`, "html");
    return { ...content, channel };
  });
}
