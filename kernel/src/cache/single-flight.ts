/** Lets concurrent callers of one key share one load. */
export interface SingleFlight {
  /** `store` is called with what was loaded before the callers hear of it, unless the key was forgotten meanwhile. */
  run<T>(key: string, load: () => Promise<T>, store: (value: T) => void): Promise<T>;
  /**
   * The key was changed: a load that began before may bring what was true then. Its callers still get it, but it is not stored, and who
   * comes now loads anew.
   */
  forget(key: string): void;
}

/** Stands in while `load` runs up to its first await, which nobody else can see. */
const NOTHING: Promise<unknown> = Promise.resolve();

export function createSingleFlight(): SingleFlight {
  const flights = new Map<string, { result: Promise<unknown> }>();
  return {
    run<T>(key: string, load: () => Promise<T>, store: (value: T) => void): Promise<T> {
      const running = flights.get(key);
      if (running !== undefined) return running.result as Promise<T>;
      const flight: { result: Promise<unknown> } = { result: NOTHING };
      flights.set(key, flight);
      const result = (async () => {
        try {
          const value = await load();
          if (flights.get(key) === flight) store(value);
          return value;
        } finally {
          if (flights.get(key) === flight) flights.delete(key);
        }
      })();
      flight.result = result;
      return result;
    },
    forget: (key) => void flights.delete(key),
  };
}
