import type { Logger } from "./logger.ts";

function nothing(): void {}

/** Writes nothing; for tests that look at something else. */
export const silentLogger: Logger = { error: nothing, warn: nothing, info: nothing, debug: nothing, child: () => silentLogger };
