import type { ContactStore } from "./contact.ts";
import type { DeliveryStore, RecipientLimit } from "./delivery.ts";
import type { InboxStore } from "./inbox.ts";
import type { PreferenceStore } from "./preferences.ts";
import type { TemplateStore } from "./template.ts";

/** What is kept, in one transaction and for one tenant. */
export interface Stores {
  readonly tenantId: string;
  readonly contacts: ContactStore;
  readonly preferences: PreferenceStore;
  readonly templates: TemplateStore;
  readonly deliveries: DeliveryStore;
  readonly inbox: InboxStore;
}

/** Opens transactions in the current tenant. */
export interface Storage {
  /** What `work` writes holds together; it may run more than once. */
  transaction<T>(work: (stores: Stores) => Promise<T>): Promise<T>;
  /** The same for what changes templates: whoever does so sees it from then on. */
  changeTemplates<T>(work: (stores: Stores) => Promise<T>): Promise<T>;
  read<T>(work: (stores: Stores) => Promise<T>): Promise<T>;
}

/** May change while we run. */
export interface SendingRules {
  readonly recipientLimit: RecipientLimit;
  readonly allowPrivateWebhooks: boolean;
}
