/** What a client gets from a sign-in or a refresh. Times are epoch milliseconds. */
export interface TokenPair {
  readonly accessToken: string;
  readonly accessExpiresAt: number;
  readonly refreshToken: string;
  readonly refreshExpiresAt: number;
  readonly sessionId: string;
  readonly userId: string;
}
