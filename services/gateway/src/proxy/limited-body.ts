import { Transform, type TransformCallback } from "node:stream";
import { bodyTooLarge } from "../domain/admission.ts";

/** Passes a body on as it comes, and breaks off where it grows over its limit: a chunked one does not say its length first. */
export class LimitedBody extends Transform {
  #left: number;
  #limit: number;

  constructor(limit: number) {
    super();
    this.#left = limit;
    this.#limit = limit;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#left -= chunk.length;
    if (this.#left < 0) done(bodyTooLarge(this.#limit));
    else done(null, chunk);
  }
}
