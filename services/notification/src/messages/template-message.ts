import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { TemplateContentSchema, TemplateSchema } from "@plinth/proto/notification/v1/notification_pb";
import type { Template, TemplateDraft } from "../domain/template.ts";
import { CHANNEL, channelOf } from "./enums.ts";

export function templateMessage(template: Template): MessageInitShape<typeof TemplateSchema> {
  const { updatedAt, contents, ...known } = template;
  return {
    ...known,
    contents: contents.map((content) => ({ ...content, channel: CHANNEL[content.channel] })),
    updatedAt: timestampFromDate(updatedAt),
  };
}

export function draftContents(contents: readonly MessageShape<typeof TemplateContentSchema>[]): TemplateDraft["contents"] {
  return contents.map(({ channel, locale, subject, text, html }) => ({ channel: channelOf(channel), locale, subject, text, html }));
}
