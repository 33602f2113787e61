/** Where a payment stands at a provider. `captured`: nothing more can be charged. */
export type ProviderStatus = "requires_action" | "authorized" | "captured" | "voided" | "failed";

export interface ProviderRefund {
  readonly id: string;
  readonly amount: bigint;
  readonly status: "pending" | "succeeded" | "failed";
  /** Ours, where we asked for it. */
  readonly operationId: string | undefined;
  /** Why it failed, in the provider's words: "lost_or_stolen_card". Absent where it did not, or nobody says. */
  readonly failure?: string | undefined;
}

export interface Decline {
  readonly code: string;
  readonly declineCode: string;
  readonly message: string;
}

/** All that a provider knows of one payment. It is read whole, so the order in which news arrive does not matter. */
export interface ProviderState {
  readonly id: string;
  readonly status: ProviderStatus;
  /** Held and charged, together. */
  readonly authorized: bigint;
  readonly captured: bigint;
  /** Whether a capture may leave the rest held. */
  readonly severalCaptures: boolean;
  readonly nextActionUrl: string;
  readonly decline: Decline | undefined;
  readonly refunds: readonly ProviderRefund[];
}

export type Answer<T> = T | Promise<T>;

/** What a provider is asked to hold. */
export interface Authorization {
  readonly intentId: string;
  readonly tenantId: string;
  readonly reference: string;
  /** Minor units. */
  readonly amount: bigint;
  readonly currency: string;
  readonly methodToken: string;
  readonly returnUrl: string;
}

/** A payment as a provider lists it among others, with what it carries of ours. Amounts are minor units. */
export interface ListedPayment {
  readonly id: string;
  readonly tenantId: string;
  readonly paymentId: string;
  readonly reference: string;
  readonly currency: string;
  readonly held: bigint;
  readonly captured: bigint;
  readonly refunded: bigint;
}

/**
 * Carries payments out. Every call that changes something has an `operationId`: the provider does it once per id, and tells it again with what
 * came of it. Throws `ProviderRefusal` where nothing was done and never will be under this id; anything else thrown means that nobody knows.
 */
export interface PaymentProvider {
  readonly name: string;
  /** What it is asked to do is done at once, without a promise: no answer can be lost, so what is asked and what comes of it are noted together. */
  readonly asksNobody?: true;
  /** Throws VALIDATION_ERROR for an amount that it cannot carry. */
  check(amount: bigint, currency: string): void;
  /** A decline is a state, not an error. */
  authorize(wanted: Authorization, operationId: string): Answer<ProviderState>;
  /** Goes on after the customer has been away; changes nothing where there is nothing to go on with. */
  confirm(known: ProviderState, operationId: string): Answer<ProviderState>;
  /** `final` lets go of the rest. */
  capture(known: ProviderState, amount: bigint, final: boolean, operationId: string): Answer<ProviderState>;
  /** What was declined is closed as well: its customer could still go on with it. */
  void(known: ProviderState, operationId: string): Answer<ProviderState>;
  /** The same for a try that another one takes the place of; nothing happens to what is closed already. */
  close(id: string, operationId: string): Answer<void>;
  refund(known: ProviderState, amount: bigint, operationId: string): Answer<ProviderState>;
  read(known: Pick<ProviderState, "id">, lastKnown: ProviderState | null): Promise<ProviderState>;
  /** What became of `authorize` with this id; undefined where the provider knows of none since then. */
  find(operationId: string, since: Date): Promise<ProviderState | undefined>;
  /** What it has of ours, of all tenants, made since then. */
  list(since: Date): AsyncIterable<ListedPayment>;
}

/** The provider said no to something other than the customer's method: a wrong amount, a wrong state, a wrong token. */
export class ProviderRefusal extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProviderRefusal";
    this.code = code;
  }
}
