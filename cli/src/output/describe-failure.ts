/** An error as the user should read it: the message and its causes; the stack only when PLINTH_DEBUG is set. */
export function describeFailure(error: unknown): string {
  if (process.env.PLINTH_DEBUG && error instanceof Error) return `${error.stack}`;
  const lines: string[] = [];
  for (let current = error; current !== undefined; current = current instanceof Error ? current.cause : undefined) {
    const message = current instanceof Error ? current.message : String(current);
    if (!lines.some((line) => line.includes(message))) lines.push(message);
  }
  return lines.join("\n  caused by: ");
}
