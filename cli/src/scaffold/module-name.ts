import { UsageError } from "../usage-error.ts";

/** Its parts become names in proto packages and TypeScript, so each begins with a letter. */
const NAME = /^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/;
/** Longer ones are allowed in a module file; the generated code stays readable below this. */
const MAX_LENGTH = 30;
/** Schemas, topics and roles of the platform itself begin with these. */
const RESERVED = /^(plinth|platform|pg|public)(-|$)/;

/** A module's name in the forms that its files need. */
export interface ModuleName {
  /** `price-list` */
  readonly name: string;
  /** `PriceList` */
  readonly pascal: string;
  /** `price_list`: of the proto package, the files in it and the schema. */
  readonly snake: string;
}

/** Throws for a name that no new module can have. */
export function parseModuleName(name: string): ModuleName {
  if (!NAME.test(name) || name.length > MAX_LENGTH) {
    throw new UsageError(
      `${JSON.stringify(name)} cannot name a module. Take lower-case letters and digits, in words joined by "-", each beginning with a ` +
        `letter, ${MAX_LENGTH} signs at most: price-list`,
    );
  }
  if (RESERVED.test(name)) throw new UsageError(`${name} is a name of the platform itself. Choose another.`);
  const pascal = name.replaceAll(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
  return { name, pascal, snake: name.replaceAll("-", "_") };
}
