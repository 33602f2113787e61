import { conflict } from "./errors.ts";

/** A guard's answer: undefined lets the move happen, text says why not. */
export type Guard<Subject> = (subject: Subject) => string | undefined;

/** Where a move leads: a state, or a state behind a guard. */
export type Target<State extends string, Subject> = State | { readonly to: State; readonly unless: Guard<Subject> };

/** Which move leads where, from each state; what is not listed is illegal. */
export type TransitionTable<State extends string, Move extends string, Subject = unknown> = Readonly<
  Record<State, Readonly<Partial<Record<Move, Target<State, Subject>>>>>
>;

export interface Transitions<State extends string, Move extends string, Subject> {
  /**
   * The state that `move` leads to. Throws CONFLICT with the reason given to `defineTransitions`: the metadata names the state, the move and the moves
   * that are allowed (comma-separated), and where a guard refused, why.
   */
  next(state: State, move: Move, subject: Subject): State;
  /** The moves that are possible now, guards asked. */
  allowed(state: State, subject: Subject): Move[];
}

/** The life of an entity as a table. `what` names it in messages (`order`), `reason` is the error's (`ORDER_STATUS`). */
export function defineTransitions<State extends string, Move extends string, Subject = unknown>(
  what: string,
  reason: string,
  table: TransitionTable<State, Move, Subject>,
): Transitions<State, Move, Subject> {
  const moves = (state: State) => Object.keys(table[state]) as Move[];

  function refusal(state: State, move: Move, subject: Subject): string | undefined {
    const target = table[state][move];
    if (target === undefined) return `it is ${state}`;
    return typeof target === "string" ? undefined : (target as { unless: Guard<Subject> }).unless(subject);
  }

  function allowed(state: State, subject: Subject): Move[] {
    return moves(state).filter((move) => refusal(state, move, subject) === undefined);
  }

  return {
    next(state, move, subject) {
      const why = refusal(state, move, subject);
      if (why === undefined) {
        const target = table[state][move] as Target<State, Subject>;
        return typeof target === "string" ? target : target.to;
      }
      const possible = allowed(state, subject);
      const rest = possible.length === 0 ? "Nothing can be done with it any more." : `Possible now: ${possible.join(", ")}.`;
      throw conflict(`The ${what} cannot ${move}: ${why}. ${rest}`, {
        reason,
        metadata: { state, move, allowed: possible.join(","), why },
      });
    },
    allowed,
  };
}
