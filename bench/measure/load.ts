/** What a load has found. */
export interface Load {
  /** Answered in all. */
  readonly calls: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}
