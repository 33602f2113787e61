/** What stands in a list; it knows its neighbours, so that it leaves from the middle without searching. */
export interface Linked<T> {
  before: T | undefined;
  behind: T | undefined;
}

/** First in, first out, and out from anywhere. An item stands in one list at most; who takes it out knows that it is in. */
export interface ReadyList<T> {
  readonly length: number;
  append(item: T): void;
  shift(): T | undefined;
  remove(item: T): void;
}

export function createReadyList<T extends Linked<T>>(): ReadyList<T> {
  let first: T | undefined;
  let last: T | undefined;
  let length = 0;

  function remove(item: T): void {
    if (item.before === undefined) first = item.behind;
    else item.before.behind = item.behind;
    if (item.behind === undefined) last = item.before;
    else item.behind.before = item.before;
    item.before = undefined;
    item.behind = undefined;
    length--;
  }

  return {
    get length() {
      return length;
    },
    append(item) {
      item.before = last;
      if (last === undefined) first = item;
      else last.behind = item;
      last = item;
      length++;
    },
    shift() {
      const item = first;
      if (item !== undefined) remove(item);
      return item;
    },
    remove,
  };
}
