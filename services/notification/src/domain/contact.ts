/** What is known about a user from the events of its account. */
export interface Contact {
  readonly userId: string;
  /** Empty while it is not known. */
  readonly email: string;
  readonly firstName: string;
  /** BCP 47. */
  readonly locale: string;
}

export interface ContactStore {
  findContact(userId: string): Promise<Contact | undefined>;
  saveContact(contact: Contact): Promise<void>;
  /** True the first time only: a user is welcomed once, however often the address is verified anew. */
  markWelcomed(userId: string): Promise<boolean>;
  /** Removes all that is personal: contact, preferences, inbox, and of deliveries everything but that they were. */
  forgetUser(userId: string): Promise<void>;
}
