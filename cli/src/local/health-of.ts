import type { Instance } from "@plinth/kernel/discovery";

/** How an instance answers for itself; `gone` when nobody is there any more: its process was killed. */
export type InstanceHealth = "ok" | "degraded" | "down" | "gone";

const PATIENCE_MS = 2_000;

/** Asks an instance for its health. */
export async function healthOf({ host, httpPort }: Instance): Promise<InstanceHealth> {
  try {
    const answer = await fetch(`http://${host}:${httpPort}/health`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const { status } = (await answer.json()) as { status?: unknown };
    if (!answer.ok) return "down";
    return status === "degraded" ? "degraded" : "ok";
  } catch (error) {
    return error instanceof DOMException || error instanceof SyntaxError ? "down" : "gone";
  }
}
