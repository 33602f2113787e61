import { type Clock, systemClock } from "../base/clock.ts";
import { PlinthError } from "../base/errors.ts";
import { type RequestContext, runInContext } from "../base/request-context.ts";
import type { Database, Statement, Transaction } from "../database/database.ts";
import type { Logger } from "../logging/logger.ts";
import { deadlineSignal } from "../resilience/deadline.ts";
import { afterFailure, afterSuccess, afterWaiting, isRefusal, type Move, type Position } from "./next-move.ts";
import {
  type CallStep,
  type Learned,
  type SagaDefinition,
  type SagaEntry,
  type SagaStep,
  type StatementStep,
  type StepInHand,
  Waiting,
} from "./saga.ts";
import { noteTry, type PassedStep, prepareNote, SagaTakenOverError, type StoredSaga, type Tried } from "./saga-store.ts";

export interface SagaMetrics {
  /** One try: `done`, `skipped`, `waiting`, `refused` or `failed`. */
  step(saga: string, step: string, outcome: string, seconds: number): void;
  ended(saga: string, status: "done" | "turned-back"): void;
}

export interface Workshop {
  readonly module: string;
  readonly database: Database;
  readonly logger: Logger;
  readonly metrics?: SagaMetrics | undefined;
  /** This process's mark on the sagas that it works on. */
  readonly owner: string;
  /** Aborts what is in hand, when a stop has waited long enough. */
  readonly abort: AbortSignal;
  /** True once no further step is to begin. */
  readonly stopping: () => boolean;
  readonly clock?: Clock;
  readonly random?: () => number;
}

// biome-ignore lint/suspicious/noExplicitAny: sagas of all kinds lie in one table; each is worked on by the definition of its name
export type AnySaga = SagaDefinition<any, any>;
type AnyStep = SagaStep<object>;

/** Beyond a step's time limit, for the writes around it. */
const LEASE_SLACK_MS = 10_000;
/** A longer wait is not waited out here: the saga is given back, and taken up when it is due. */
const LONGEST_WAIT_IN_HAND_MS = 1_000;

/** How long the saga stays with whoever begins this step. */
export function leaseMs(definition: AnySaga, step: string): number {
  const found = definition.steps.find(({ name }) => name === step);
  return (found?.timeoutMs ?? 0) + LEASE_SLACK_MS;
}

/** Does step after step until the saga ends, has to wait long, or the service stops. Answers how it stands then. */
export async function workOnSaga(shop: Workshop, definition: AnySaga, claimed: StoredSaga): Promise<StoredSaga> {
  const { clock = systemClock } = shop;
  let saga = claimed;
  while (saga.step !== undefined && !shop.stopping()) {
    const { next, move } = await tryStep(shop, definition, saga);
    saga = next;
    if (move.kind === "end") {
      shop.metrics?.ended(saga.name, move.status);
      if (move.status === "turned-back") {
        shop.logger.warn("A saga was turned back", { saga: saga.name, id: saga.id, key: saga.key, ...move.failure });
      }
    } else if (move.kind === "wait") break;
    else if (move.afterMs > LONGEST_WAIT_IN_HAND_MS) break;
    else if (move.afterMs > 0) await clock.sleep(move.afterMs, shop.abort);
  }
  return saga;
}

interface Result {
  readonly next: StoredSaga;
  readonly move: Move;
}

/** One try of the step that comes next, and the note of it. Throws only where the note cannot be written: then the lease runs out. */
async function tryStep(shop: Workshop, definition: AnySaga, saga: StoredSaga): Promise<Result> {
  const { clock = systemClock } = shop;
  const position = positionOf(saga);
  const step = definition.steps.find(({ name }) => name === position.step) as AnyStep;
  const startedAt = new Date(clock.now());
  const began = clock.elapsed();
  using limit = deadlineSignal(clock.now() + step.timeoutMs, [shop.abort]);
  const inHand: StepInHand = {
    sagaId: saga.id,
    key: saga.key,
    tenantId: saga.tenantId,
    // Names are for people; keys have no spaces.
    idempotencyKey: `${saga.id}:${step.name.replaceAll(" ", "-")}:${position.status === "running" ? "do" : "undo"}`,
    attempt: position.attempt + 1,
    waited: position.waitsUntil !== undefined,
    signal: limit.signal,
  };
  const needed = step.when?.(saga.state) ?? true;

  function done(learned: Learned<object>): Note {
    const state = learned ? { ...saga.state, ...learned } : saga.state;
    return { move: afterSuccess(definition.steps, position), state, outcome: needed ? "done" : "skipped", error: undefined };
  }
  function waits({ waitsAtMostMs = 0, name }: CallStep<object>, { learned }: Waiting<object>): Note {
    const state = { ...saga.state, ...learned };
    const move = afterWaiting(definition.steps, position, waitsAtMostMs, new Date(clock.now()));
    if (move.kind === "wait") return { move, state, outcome: "waiting", error: undefined };
    return { move, state, outcome: "failed", error: `WAITED_TOO_LONG: ${name}` };
  }
  function triedBy({ move: first, state, outcome, error }: Note): Tried {
    const { move, passed } = passUnneeded(definition, first, state);
    const keeps = move.kind === "go" && move.afterMs <= LONGEST_WAIT_IN_HAND_MS;
    const keepForMs = keeps ? move.afterMs + leaseMs(definition, move.position.step) : undefined;
    const durationMs = clock.elapsed() - began;
    return { saga, owner: shop.owner, position, move, passed, state, outcome, startedAt, durationMs, error, keepForMs };
  }
  /** In the transaction of the step, where it has one; else the note is a statement of its own, unless the end of the saga has more to write. */
  async function write(note: Note, tx?: Transaction): Promise<Result> {
    const tried = triedBy(note);
    const { move, state } = tried;
    const { tenantId } = saga;
    const failure = move.kind === "end" ? move.failure : undefined;
    const noteEnd = async (tx: Transaction): Promise<void> => {
      if (failure !== undefined) await definition.turnedBack?.(state, tx, failure);
      await noteTry(tx, tried);
    };
    // The time of the step may be over; that of its note is not.
    const own = () => ({ tenantId, signal: AbortSignal.timeout(LEASE_SLACK_MS) });
    if (tx !== undefined) await noteEnd(tx);
    else if (failure !== undefined) await shop.database.transaction(noteEnd, own());
    else await shop.database.statement((tx) => noteTry(tx, tried), own());
    return noted(tried);
  }
  /** The step is a statement, and the note in it. */
  async function writeInOne(step: StatementStep<object>): Promise<Result> {
    const tried = triedBy(done(step.learns(saga.state)));
    const work = async (tx: Statement): Promise<void> => {
      const rows = await step.statement(saga.state, tx, prepareNote(tried), inHand);
      if (rows.length === 0) throw new SagaTakenOverError(saga.id);
    };
    await shop.database.statement(work, { tenantId: saga.tenantId, signal: limit.signal });
    return noted(tried);
  }
  function noted({ move, state, passed, outcome, durationMs }: Tried): Result {
    shop.metrics?.step(saga.name, step.name, outcome, durationMs / 1000);
    for (const { step: name } of passed) shop.metrics?.step(saga.name, name, "skipped", 0);
    return { next: moved(saga, move, state, clock), move };
  }

  // Awaited here: the limit ends with this function.
  return await runInContext(contextOf(shop, saga, limit.signal), async () => {
    try {
      if (!needed) return await write(done(undefined));
      if ("statement" in step) return await writeInOne(step);
      if ("write" in step) {
        const work = async (tx: Transaction): Promise<Result> => {
          if (position.status === "running") return write(done(await step.write(saga.state, tx, inHand)), tx);
          await step.undo?.(saga.state, tx, inHand);
          return write(done(undefined), tx);
        };
        return await shop.database.transaction(work, { tenantId: saga.tenantId, signal: limit.signal });
      }
      const learned = position.status === "running" ? await step.call(saga.state, inHand) : await step.undo?.(saga.state, inHand);
      return await write(learned instanceof Waiting ? waits(step, learned) : done(learned ?? undefined));
    } catch (thrown) {
      const error = PlinthError.from(thrown);
      const move = afterFailure(definition.steps, position, error, shop.random ?? Math.random);
      shop.logger.warn("A step of a saga failed", {
        saga: saga.name,
        id: saga.id,
        step: step.name,
        undo: position.status === "turning-back",
        attempt: position.attempt + 1,
        error: thrown,
      });
      const told = `${error.reason}: ${error.message}`;
      return write({ move, state: saga.state, outcome: isRefusal(error) ? "refused" : "failed", error: told });
    }
  });
}

/** What came of a try. */
interface Note {
  readonly move: Move;
  readonly state: object;
  readonly outcome: SagaEntry["outcome"];
  readonly error: string | undefined;
}

/** The steps that come next and are not needed are passed, and noted together with the one before them. */
function passUnneeded(definition: AnySaga, first: Move, state: object): { readonly move: Move; readonly passed: readonly PassedStep[] } {
  const passed: PassedStep[] = [];
  let move = first;
  while (move.kind === "go" && move.position.attempt === 0) {
    const { step: name, status } = move.position;
    const step = definition.steps.find((step) => step.name === name) as AnyStep;
    if (step.when?.(state) ?? true) break;
    passed.push({ step: name, direction: status === "running" ? "do" : "undo" });
    move = afterSuccess(definition.steps, move.position);
  }
  return { move, passed };
}

function positionOf({ status, step, attempt, failure, stepWaitsUntil }: StoredSaga): Position {
  const direction = status === "turning-back" ? "turning-back" : "running";
  return { status: direction, step: step as string, attempt, failure, waitsUntil: stepWaitsUntil };
}

function moved(saga: StoredSaga, move: Move, state: object, clock: Clock): StoredSaga {
  if (move.kind === "end") {
    return { ...saga, state, status: move.status, step: undefined, attempt: 0, failure: move.failure, finishedAt: new Date(clock.now()) };
  }
  const { waitsUntil: stepWaitsUntil, ...position } = move.position;
  return { ...saga, state, ...position, stepWaitsUntil, waitsUntil: move.kind === "wait" ? move.until : undefined };
}

/** A saga works in the name of its module: whoever began it may be long gone. */
function contextOf(shop: Workshop, saga: StoredSaga, signal: AbortSignal): RequestContext {
  const { requestId, traceId = "", tenantId } = saga;
  return { requestId, traceId, module: shop.module, tenantId, signal };
}
