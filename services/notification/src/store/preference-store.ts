import type { Transaction } from "@plinth/kernel/database";
import type { ChannelPreference, PreferenceStore } from "../domain/preferences.ts";
import type { QuietHours } from "../domain/quiet-hours.ts";

interface PreferenceRow {
  readonly channels: readonly ChannelPreference[];
  readonly quiet_hours: QuietHours | null;
  readonly locale: string;
  readonly updated_at: Date;
}

/** Preferences in Postgres, in one transaction. */
export function preferenceStore(tx: Transaction): PreferenceStore {
  return {
    async findPreferences(userId) {
      const sql = "select channels, quiet_hours, locale, updated_at from preferences where tenant_id = $1 and user_id = $2";
      const [row] = await tx.query<PreferenceRow>(sql, [tx.tenantId, userId]);
      if (row === undefined) return undefined;
      // JSON has no undefined: a preference for all channels comes back without the key.
      const channels = row.channels.map(({ category, channel, enabled }) => ({ category, channel, enabled }));
      return { channels, quietHours: row.quiet_hours ?? undefined, locale: row.locale, updatedAt: row.updated_at };
    },

    async savePreferences(userId, { channels, quietHours, locale, updatedAt }) {
      await tx.query(
        `insert into preferences (tenant_id, user_id, channels, quiet_hours, locale, updated_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, user_id) do update set channels = excluded.channels, quiet_hours = excluded.quiet_hours,
           locale = excluded.locale, updated_at = excluded.updated_at`,
        [tx.tenantId, userId, JSON.stringify(channels), quietHours === undefined ? null : JSON.stringify(quietHours), locale, updatedAt],
      );
    },
  };
}
