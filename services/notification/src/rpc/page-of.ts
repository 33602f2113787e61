import type { PageRequest } from "@plinth/kernel/base";

/** As the protos promise where the client says nothing. */
const USUAL_SIZE = 20;

export function pageOf({ pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string }): PageRequest {
  return { size: pageSize || USUAL_SIZE, token: pageToken };
}
