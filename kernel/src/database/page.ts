/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** What to ask for the next page with; empty on the last page. */
  readonly nextPageToken: string;
}
