import type { Request, Response } from "express";
import type { RequestContext } from "../base/request-context.ts";

/** A handler of plain HTTP: feeds, key sets, event streams. What it throws becomes an envelope. */
export type RawHandler = (request: Request, response: Response, context: RequestContext) => void | Promise<void>;

/** A path that is served without a proto. */
export interface RawRoute {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** Express 5 path: `/api/v1/blog/feed.xml`, `/files/:id`. */
  readonly path: string;
  /** `module`: a service token and the matrix are asked, as for every RPC. `anyone`: nothing is asked, e.g. `/.well-known/jwks.json`. */
  readonly access: "module" | "anyone";
  readonly handler: RawHandler;
}
