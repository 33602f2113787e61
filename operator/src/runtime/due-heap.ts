/** Something that falls due at a time; it knows its own place, so that it is found without searching. */
export interface Due {
  dueAt: number;
  /** -1 while it is in no heap. */
  place: number;
}

/** What falls due next, of many: each change costs the logarithm of how many there are. */
export interface DueHeap<T extends Due> {
  readonly first: T | undefined;
  /** Puts an item in, or moves it after its `dueAt` changed. */
  put(item: T): void;
  /** Fine for an item that is not in. */
  remove(item: T): void;
}

export function createDueHeap<T extends Due>(): DueHeap<T> {
  const items: T[] = [];

  function at(place: number): T {
    return items[place] as T;
  }

  function set(place: number, item: T): void {
    items[place] = item;
    item.place = place;
  }

  function moveUp(item: T): void {
    let place = item.place;
    while (place > 0) {
      const above = at((place - 1) >> 1);
      if (above.dueAt <= item.dueAt) break;
      const next = above.place;
      set(place, above);
      place = next;
    }
    set(place, item);
  }

  function moveDown(item: T): void {
    let place = item.place;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && at(below + 1).dueAt < at(below).dueAt) below++;
      if (at(below).dueAt >= item.dueAt) break;
      set(place, at(below));
      place = below;
    }
    set(place, item);
  }

  return {
    get first() {
      return items[0];
    },
    put(item) {
      if (item.place === -1) {
        item.place = items.length;
        items.push(item);
      }
      moveUp(item);
      moveDown(item);
    },
    remove(item) {
      if (item.place === -1) return;
      const last = items.pop() as T;
      if (last !== item) {
        set(item.place, last);
        moveUp(last);
        moveDown(last);
      }
      item.place = -1;
    },
  };
}
