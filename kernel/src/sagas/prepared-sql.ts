/** The start of a saga, for a statement that begins it itself, beside what else it writes. */
export interface PreparedStart {
  /** SQL for a WITH: inserts the saga if `from` has a row, and answers its row, which the statement answers as it is. `values` are its parameters from `$first` on. */
  insert(first: number, from: string): string;
  readonly values: readonly unknown[];
}

/** The note of a try, for a statement that writes it itself, beside what the step writes. */
export interface PreparedNote {
  /**
   * SQL for a WITH: `moved`, a row with the saga's `id` if the saga still stands where the try began, and what writes the timeline. Whatever the step writes must
   * hang on that row. `values` are its parameters from `$first` on.
   */
  with(first: number): string;
  readonly values: readonly unknown[];
}
