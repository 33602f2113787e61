import { covers, PatternIndex } from "./permission-pattern.ts";
import type { Role } from "./role.ts";

/** Why a role gives a permission. */
export interface Grant {
  readonly role: string;
  /** The pattern in the role that holds the permission. */
  readonly rule: string;
  /** Of the role. */
  readonly version: number;
}

/** What a set of roles gives, compiled so that a question costs the same however much it is. */
export class Grants {
  readonly #index = new PatternIndex<Grant>();
  readonly #patterns = new Set<string>();

  constructor(roles: Iterable<Pick<Role, "name" | "permissions" | "version">>) {
    for (const { name, permissions, version } of roles) {
      for (const rule of permissions) {
        // Of two roles with the same pattern the first one explains the decision as well as the second.
        if (this.#patterns.has(rule)) continue;
        this.#patterns.add(rule);
        this.#index.add(rule, { role: name, rule, version });
      }
    }
  }

  /** The grant that gives a permission, the most exact one first. */
  find(code: string): Grant | undefined {
    return this.#index.find(code);
  }

  /** Whether all that `pattern` holds is given, by one of the patterns here. */
  holds(pattern: string): boolean {
    for (const own of this.#patterns) if (covers(own, pattern)) return true;
    return false;
  }

  /** Codes and wildcards, sorted. */
  patterns(): string[] {
    return [...this.#patterns].sort();
  }
}
