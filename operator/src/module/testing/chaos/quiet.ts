import type { Lane } from "./lane.ts";

/** Longer than the operator puts anything off without a cause. */
const QUIET_MS = 1300;

/** Resolves when a lane's operator has written nothing for longer than it puts anything off. */
export async function untilQuiet(lane: Lane): Promise<void> {
  for (let count = -1; count !== lane.writes.length; ) {
    count = lane.writes.length;
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  }
}
