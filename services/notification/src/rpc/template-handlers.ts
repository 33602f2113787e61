import type { Handlers } from "@plinth/kernel/rpc";
import type { NotificationService } from "@plinth/proto/notification/v1/notification_pb";
import { servedChannel } from "../domain/channel.ts";
import type { Storage } from "../domain/ports.ts";
import { renderFor } from "../domain/send.ts";
import { findContent, getTemplate } from "../domain/template.ts";
import { newTemplate, nextVersion } from "../domain/template-versions.ts";
import { findChannel } from "../messages/enums.ts";
import { draftContents, templateMessage } from "../messages/template-message.ts";
import { bounded } from "./message-handlers.ts";
import { pageOf } from "./page-of.ts";

type TemplateHandlers = Pick<
  Handlers<typeof NotificationService>,
  "listTemplates" | "getTemplate" | "listTemplateVersions" | "createTemplate" | "updateTemplate" | "deleteTemplate" | "previewTemplate"
>;

export function templateHandlers(storage: Storage): TemplateHandlers {
  return {
    async listTemplates(request) {
      const { items, nextPageToken } = await storage.read(({ templates }) => templates.listTemplates(pageOf(request)));
      return { templates: items.map(templateMessage), nextPageToken };
    },

    async getTemplate({ name, version }) {
      return templateMessage(await storage.read(({ templates }) => getTemplate(templates, name, version)));
    },

    async listTemplateVersions(request) {
      const { items, nextPageToken } = await storage.read(({ templates }) => templates.listVersions(request.name, pageOf(request)));
      return { versions: items.map(templateMessage), nextPageToken };
    },

    async createTemplate({ name, category, description, contents }, context) {
      const draft = { description, contents: draftContents(contents) };
      const made = await storage.changeTemplates(async ({ templates }) => {
        const template = newTemplate(name, category, draft, templates.findBuiltIn(name), new Date());
        await templates.insert(template);
        return template;
      });
      context.restStatus = 201;
      return templateMessage(made);
    },

    async updateTemplate({ name, description, contents, expectedVersion }) {
      const draft = { description, contents: draftContents(contents) };
      const change = storage.changeTemplates(({ templates }) =>
        templates.change(name, (newest) => nextVersion(newest, draft, expectedVersion, new Date())),
      );
      return templateMessage(await change);
    },

    async deleteTemplate({ name }) {
      await storage.changeTemplates(({ templates }) => templates.remove(name));
      return {};
    },

    async previewTemplate({ name, version, channel, locale, variables }) {
      const template = await storage.read(({ templates }) => getTemplate(templates, name, version));
      const wanted = servedChannel(findChannel(channel) ?? "email");
      const { content } = renderFor(template, wanted, locale || "en", bounded(variables, "variables") ?? {});
      const { subject, text, html } = content;
      return { subject, text, html, locale: findContent(template, wanted, locale || "en")?.locale ?? "" };
    },
  };
}
