/** Which page is asked for, as it comes from `page_size` and `page_token`. */
export interface PageRequest {
  /** 0: the default. */
  readonly size: number;
  /** Empty: the first page. */
  readonly token: string;
}

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** What to ask for the next page with; empty on the last page. */
  readonly nextPageToken: string;
}
