import { validation } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import type { NotificationService } from "@plinth/proto/notification/v1/notification_pb";
import type { Storage } from "../domain/ports.ts";
import { checkPreferences, NO_PREFERENCES } from "../domain/preferences.ts";
import { preferencesMessage, preferencesOf } from "../messages/preferences-message.ts";
import { actingUser } from "./acting-user.ts";

type PreferenceHandlers = Pick<Handlers<typeof NotificationService>, "getPreferences" | "updatePreferences">;

export function preferenceHandlers(storage: Storage): PreferenceHandlers {
  return {
    async getPreferences(_request, context) {
      const { id } = actingUser(context);
      const found = await storage.read(({ preferences }) => preferences.findPreferences(id));
      return preferencesMessage(found ?? NO_PREFERENCES);
    },

    async updatePreferences({ preferences: message }, context) {
      const { id } = actingUser(context);
      if (message === undefined) throw validation({ preferences: "is required" });
      const wanted = preferencesOf(message, new Date());
      checkPreferences(wanted);
      await storage.transaction(({ preferences }) => preferences.savePreferences(id, wanted));
      return preferencesMessage(wanted);
    },
  };
}
