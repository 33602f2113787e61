import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

/** Colours where a person reads: not when piped, nor when NO_COLOR is set. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return stream.isTTY && !process.env.NO_COLOR ? styleText(style, text) : text;
}
