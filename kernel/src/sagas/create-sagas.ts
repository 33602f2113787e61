import { createHash, randomUUID } from "node:crypto";
import { systemClock } from "../base/clock.ts";
import { validation } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { currentContext } from "../base/request-context.ts";
import type { Database, Transaction } from "../database/database.ts";
import type { Logger } from "../logging/logger.ts";
import { defineSaga, type SagaDefinition } from "./saga.ts";
import {
  claimSaga,
  claimSagas,
  findSaga,
  giveBack,
  insertSaga,
  listEntries,
  type NewSaga,
  prepareStart,
  removeFinishedSagas,
  SagaTakenOverError,
  type StoredSaga,
  toSaga,
  wakeSaga,
} from "./saga-store.ts";
import type { SagaRunner, Sagas } from "./sagas.ts";
import { type AnySaga, leaseMs, type SagaMetrics, type Workshop, workOnSaga } from "./work-on-saga.ts";

export interface CreateSagasOptions {
  readonly module: string;
  readonly database: Database;
  readonly logger: Logger;
  readonly metrics?: SagaMetrics;
  /** How often is looked for sagas that are due or were left, ms. */
  readonly lookEveryMs?: number;
}

const LOOK_EVERY_MS = 1_000;
/** Taken up at one look; more wait for the next one, or for another replica. */
const AT_ONCE = 16;
/** Whoever waits for a saga in another process looks this often, ms. */
const WAIT_STEP_MS = 50;
/** So that a removal holds no lock for long; each has a dozen lines in its timeline. */
const REMOVED_AT_ONCE = 200;
/** Steps in hand may take this long at a stop before they are aborted. */
const STOP_ABORT_MS = 10_000;

/** Sagas on the tables of `sagaMigrations`. */
export function createSagas(options: CreateSagasOptions): Sagas {
  const { module, database, logger } = options;
  const definitions = new Map<string, AnySaga>();
  const inHand = new Map<string, Promise<StoredSaga>>();
  /** Those in hand that were left by others, or were due: callers' own sagas do not take their place. */
  const takenUp = new Set<Promise<StoredSaga>>();
  const abort = new AbortController();
  const owner = randomUUID();
  let stopping = false;
  let cancelLook: (() => void) | undefined;
  const shop: Workshop = { module, database, logger, metrics: options.metrics, owner, abort: abort.signal, stopping: () => stopping };

  function take(definition: AnySaga, saga: StoredSaga): Promise<StoredSaga> {
    const working = workOnSaga(shop, definition, saga).finally(() => {
      if (inHand.get(saga.id) === working) inHand.delete(saga.id);
    });
    inHand.set(saga.id, working);
    // Whoever waits for it is told; if nobody does, this is where it is heard of.
    working.catch((error: unknown) => {
      if (error instanceof SagaTakenOverError) logger.warn(error.message);
      else logger.error("A saga could not be noted; it is taken up again when its lease has run out", { id: saga.id, error });
    });
    return working;
  }

  async function look(): Promise<void> {
    try {
      const longest = Math.max(...[...definitions.values()].flatMap((saga) => saga.steps.map(({ name }) => leaseMs(saga, name))));
      const room = AT_ONCE - takenUp.size;
      const claimed = room <= 0 ? [] : await claimSagas(database, [...definitions.keys()], owner, longest, room);
      for (const saga of claimed) {
        const definition = definitions.get(saga.name) as AnySaga;
        if (definition.steps.some(({ name }) => name === saga.step)) {
          const working = take(definition, saga);
          takenUp.add(working);
          const done = () => takenUp.delete(working);
          working.then(done, done);
        } else
          logger.error("A saga stands at a step that this version does not know; a newer one must go on with it", {
            id: saga.id,
            step: saga.step,
          });
      }
    } catch (error) {
      logger.warn("Sagas could not be looked for", { error });
    }
  }

  function lookLater(): void {
    cancelLook = systemClock.after(options.lookEveryMs ?? LOOK_EVERY_MS, () => {
      void look().finally(() => {
        if (!stopping) lookLater();
      });
    });
  }

  /** Until it ends or the time is over; looks at the row where another process works on it. */
  async function waitFor(saga: StoredSaga, waitMs: number): Promise<StoredSaga> {
    const giveUpAt = performance.now() + waitMs;
    let current = saga;
    for (;;) {
      const left = giveUpAt - performance.now();
      if (isAtRest(current) || left <= 0) return current;
      const working = inHand.get(saga.id);
      const ended = working === undefined ? undefined : await withinMs(working, left);
      if (ended !== undefined && isAtRest(ended)) return ended;
      if (working === undefined) await systemClock.sleep(Math.min(left, WAIT_STEP_MS), abort.signal);
      current = (await database.read((tx) => findSaga(tx, saga.name, saga.key))) ?? current;
    }
  }

  function define<Input, State extends object>(wanted: SagaDefinition<Input, State>): SagaRunner<Input, State> {
    const definition = defineSaga(wanted);
    const { name } = definition;
    if (definitions.has(name)) throw new Error(`Saga ${name} is defined twice.`);
    definitions.set(name, definition);
    const firstStep = definition.steps[0]?.name as string;

    const toNew = (input: Input, key: string): NewSaga => {
      const context = currentContext();
      return {
        id: newId("saga"),
        name,
        key,
        inputHash: createHash("sha256").update(JSON.stringify(input)).digest("hex"),
        state: definition.begin(input),
        step: firstStep,
        requestId: context?.requestId ?? randomUUID(),
        traceId: context?.traceId,
      };
    };
    /** The saga of this key, and whether it began just now. */
    async function begin(tx: Transaction, saga: NewSaga, by: string | undefined): Promise<{ saga: StoredSaga; began: boolean }> {
      const inserted = await insertSaga(tx, saga, by, leaseMs(definition, firstStep));
      if (inserted !== undefined) return { saga: inserted, began: true };
      const found = (await findSaga(tx, name, saga.key)) as StoredSaga;
      if (found.inputHash === saga.inputHash) return { saga: found, began: false };
      throw validation({ key: `was used for another ${name}; take a new key for a new one` }, { reason: "IDEMPOTENCY_CONFLICT" });
    }

    return {
      async run(input, { key, waitMs }) {
        const { saga, began } = await database.transaction(async (tx) => {
          const worked = typeof input === "function" ? await (input as (tx: Transaction) => Promise<Input>)(tx) : input;
          return begin(tx, toNew(worked, key), owner);
        });
        if (began) void take(definition, saga);
        return (await waitFor(saga, waitMs)) as StoredSaga & { state: State };
      },
      async runBy(input, { key, waitMs }, write) {
        const start = prepareStart(toNew(input, key), owner, leaseMs(definition, firstStep));
        const row = await database.statement((tx) => write(tx, start));
        if (row === undefined) return undefined;
        const saga = toSaga(row);
        void take(definition, saga);
        return (await waitFor(saga, waitMs)) as StoredSaga & { state: State };
      },
      async start(tx, input, { key }) {
        return (await begin(tx, toNew(input, key), undefined)).began;
      },
      wake: (tx, key) => wakeSaga(tx, name, key),
      async resume(key, { waitMs }) {
        const { claimed, found } = await database.transaction(async (tx) => {
          await wakeSaga(tx, name, key);
          const claimed = await claimSaga(
            tx,
            name,
            key,
            owner,
            Math.max(...definition.steps.map((step) => leaseMs(definition, step.name))),
          );
          return { claimed, found: claimed ?? (await findSaga(tx, name, key)) };
        });
        if (claimed !== undefined) void take(definition, claimed);
        return found === undefined ? undefined : ((await waitFor(found, waitMs)) as StoredSaga & { state: State });
      },
      find: (key) => database.read((tx) => findSaga(tx, name, key)) as Promise<(StoredSaga & { state: State }) | undefined>,
      timeline: (key) =>
        database.read(async (tx) => {
          const saga = await findSaga(tx, name, key);
          return saga === undefined ? undefined : { saga: saga as StoredSaga & { state: State }, entries: await listEntries(tx, saga.id) };
        }),
    };
  }

  return {
    define,
    get defined() {
      return definitions.size > 0;
    },
    async removeFinished(olderThanMs) {
      const names = [...definitions.values()].filter(({ keptForEver }) => keptForEver !== true).map(({ name }) => name);
      if (names.length === 0) return 0;
      for (let removed = 0; ; ) {
        const batch = await removeFinishedSagas(database, names, olderThanMs, REMOVED_AT_ONCE);
        removed += batch;
        if (batch < REMOVED_AT_ONCE) return removed;
      }
    },
    async start() {
      if (definitions.size > 0) lookLater();
    },
    async stop() {
      stopping = true;
      cancelLook?.();
      const ids = [...inHand.keys()];
      if (ids.length === 0) return;
      const cancelAbort = systemClock.after(STOP_ABORT_MS, () => abort.abort());
      await Promise.allSettled(inHand.values());
      cancelAbort();
      await giveBack(database, ids, owner);
    },
  };
}

/** Nothing will happen to it by itself: it has ended, or waits for word from outside. */
function isAtRest({ step, waitsUntil }: StoredSaga): boolean {
  return step === undefined || waitsUntil !== undefined;
}

/** What the work came to, if it did within the time. */
async function withinMs(working: Promise<StoredSaga>, ms: number): Promise<StoredSaga | undefined> {
  let cancel: (() => void) | undefined;
  const time = new Promise<undefined>((resolve) => {
    cancel = systemClock.after(ms, () => resolve(undefined));
  });
  const ended = await Promise.race([working.catch(() => undefined), time]);
  cancel?.();
  return ended;
}
