/** Which page of a list is wanted. */
export interface PageRequest {
  /** Items on it; 0 for the usual number. */
  readonly size: number;
  /** `nextPageToken` of the page before; empty for the first. */
  readonly token: string;
}

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** What to ask for the next page with; empty on the last page. */
  readonly nextPageToken: string;
}
