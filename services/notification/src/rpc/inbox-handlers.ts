import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Handlers } from "@plinth/kernel/rpc";
import type { InboxEventSchema, NotificationService } from "@plinth/proto/notification/v1/notification_pb";
import type { InboxStreams } from "../domain/inbox-streams.ts";
import type { Storage, Stores } from "../domain/ports.ts";
import { inboxMessage } from "../messages/inbox-message.ts";
import { actingUser } from "./acting-user.ts";
import { pageOf } from "./page-of.ts";

type InboxHandlers = Pick<Handlers<typeof NotificationService>, "listInbox" | "markRead" | "streamInbox">;

export function inboxHandlers(storage: Storage, streams: InboxStreams): InboxHandlers {
  return {
    async listInbox(request, context) {
      const { id } = actingUser(context);
      return storage.read(async ({ inbox }) => {
        const { items, nextPageToken } = await inbox.listMessages(id, request.unreadOnly, pageOf(request));
        return { messages: items.map(inboxMessage), nextPageToken, unread: await inbox.countUnread(id) };
      });
    },

    async markRead({ ids, all }, context) {
      const { id } = actingUser(context);
      return storage.transaction(async ({ inbox }) => {
        await inbox.markRead(id, all ? undefined : ids, new Date());
        return { unread: await inbox.countUnread(id) };
      });
    },

    async *streamInbox(_request, context) {
      const { id } = actingUser(context);
      // Listened to before the count is read, so that nothing falls in between.
      const stream = streams.open(context.tenantId, id, context.signal);
      try {
        let unread = await storage.read(({ inbox }) => inbox.countUnread(id));
        yield { unread };
        for (let change = await stream.next(); change !== undefined; change = await stream.next()) {
          if (change.kind === "idle") {
            yield { unread };
            continue;
          }
          const { messageId } = change;
          const event = await storage.read((stores) => readChange(stores, id, messageId));
          unread = event.unread;
          yield event;
        }
      } finally {
        stream.close();
      }
    },
  };
}

async function readChange(
  { inbox }: Stores,
  userId: string,
  messageId: string,
): Promise<MessageInitShape<typeof InboxEventSchema> & { unread: number }> {
  const message = messageId === "" ? undefined : await inbox.findMessage(userId, messageId);
  const unread = await inbox.countUnread(userId);
  return message === undefined ? { unread } : { unread, message: inboxMessage(message) };
}
