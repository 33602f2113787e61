/** An error as EasyPost answers it. */
export class EasyPostError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function notFound(): EasyPostError {
  return new EasyPostError(404, "NOT_FOUND", "The requested resource could not be found.");
}

export function badParameter(message: string): EasyPostError {
  return new EasyPostError(422, "PARAMETER.INVALID", message);
}
