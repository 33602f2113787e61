import type { Clock } from "../base/clock.ts";
import type { LogLevel } from "./logger.ts";

const WINDOW_MS = 1000;
/** Texts counted at once; messages are constants of the code, so that more means someone puts values into them. */
const MAX_MESSAGES = 1000;

interface Counted {
  readonly level: LogLevel;
  readonly message: string;
  passed: number;
  leftOut: number;
}

/** Lets the first lines of a message in each second through, counts the rest, and reports how many there were. */
export interface LineSampler {
  /** False when this line is one too many. */
  admit(level: LogLevel, message: string): boolean;
  /** Reports what is counted, at the end. */
  flush(): void;
}

/** `summarise` is called at the end of a second in which lines of a message were left out. */
export function createLineSampler(
  perSecond: number,
  clock: Clock,
  summarise: (level: LogLevel, message: string, leftOut: number) => void,
): LineSampler {
  const counted = new Map<string, Counted>();
  let windowEnds = 0;
  let armed = false;

  function flush(): void {
    for (const { level, message, leftOut } of counted.values()) if (leftOut > 0) summarise(level, message, leftOut);
    counted.clear();
  }

  function arm(now: number): void {
    armed = true;
    clock.after(Math.max(0, windowEnds - now), () => {
      armed = false;
      flush();
    });
  }

  return {
    admit(level, message) {
      const now = clock.elapsed();
      if (now >= windowEnds) {
        flush();
        windowEnds = now + WINDOW_MS;
      }
      const known = counted.get(message);
      if (known === undefined) {
        if (counted.size < MAX_MESSAGES) counted.set(message, { level, message, passed: 1, leftOut: 0 });
        return true;
      }
      if (known.passed < perSecond) {
        known.passed++;
        return true;
      }
      known.leftOut++;
      if (!armed) arm(now);
      return false;
    },
    flush,
  };
}
