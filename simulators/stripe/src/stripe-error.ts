/** An error as Stripe answers it. */
export class StripeError extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, body: { type: string; message: string; [field: string]: unknown }) {
    super(body.message);
    this.status = status;
    this.body = body;
  }
}

export function invalidRequest(message: string, fields: { code?: string; param?: string; payment_intent?: unknown } = {}): StripeError {
  return new StripeError(400, { type: "invalid_request_error", message, ...fields });
}

export function missing(kind: string, id: string, param: string): StripeError {
  return new StripeError(404, { type: "invalid_request_error", code: "resource_missing", param, message: `No such ${kind}: '${id}'` });
}
