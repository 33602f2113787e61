/** What is there at once, or has to be waited for. */
export type Soon<T> = T | Promise<T>;

/**
 * Runs a generator that yields the promises it waits for, by `soon`. One that has to wait for nothing has run to its end when this returns, where an async
 * function would let others run in between: what takes half a millisecond then takes as long as all that were begun with it.
 */
export function atOnce<T>(work: Generator<Promise<unknown>, T, unknown>): Soon<T> {
  function goOn(resume: () => IteratorResult<Promise<unknown>, T>): Soon<T> {
    const step = resume();
    if (step.done === true) return step.value;
    return step.value.then(
      (value) => goOn(() => work.next(value)),
      (error: unknown) => goOn(() => work.throw(error)),
    );
  }
  return goOn(() => work.next());
}

/** As `await`, in a generator that is run by `atOnce`, and without waiting where there is nothing to wait for. */
export function* soon<T>(value: Soon<T>): Generator<Promise<unknown>, T, unknown> {
  return value instanceof Promise ? ((yield value) as T) : value;
}
