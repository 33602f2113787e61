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

export function createSingleFlight(): SingleFlight {
  const flights = new Map<string, Promise<unknown>>();
  return {
    run<T>(key: string, load: () => Promise<T>, store: (value: T) => void): Promise<T> {
      const running = flights.get(key);
      if (running !== undefined) return running as Promise<T>;
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      flights.set(key, promise);
      const land = async () => {
        try {
          const value = await load();
          if (flights.get(key) === promise) store(value);
          resolve(value);
        } catch (error) {
          reject(error);
        } finally {
          if (flights.get(key) === promise) flights.delete(key);
        }
      };
      void land();
      return promise;
    },
    forget: (key) => void flights.delete(key),
  };
}
