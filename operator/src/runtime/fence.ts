import type { KubeClient } from "@plinth/kernel/kube";

/** How long this replica may still write. */
export interface Fence {
  /** Milliseconds until the last write must have ended; 0 while this replica does not lead. */
  leftMs(): number;
}

/** A write that was not made, because another replica may lead by now. */
export class NotLeadingError extends Error {
  constructor() {
    super("This replica does not lead, or cannot tell any more, so that it writes nothing.");
    this.name = "NotLeadingError";
  }
}

const DEADLINE_MS = 30_000;

/**
 * The client, with writes only while this replica leads, and each with all its tries over before it might not. The time is looked at when the write is
 * made, since a process that was stopped for a while goes on in the midst of its work, before any timer fires.
 */
export function fenceWrites(client: KubeClient, fence: Fence): KubeClient {
  return {
    ...client,
    async request(request) {
      if (request.method === "GET") return client.request(request);
      const leftMs = fence.leftMs();
      if (leftMs <= 0) throw new NotLeadingError();
      return client.request({ ...request, deadlineMs: Math.min(request.deadlineMs ?? DEADLINE_MS, leftMs) });
    },
  };
}
