import {
  ALL_METHODS,
  type CallGrant,
  callersOf,
  emptyPathNode,
  findInPath,
  insertPath,
  type Module,
  type PathNode,
  parsePathPattern,
  splitRequestPath,
} from "@plinth/module";
import { forbidden, type PlinthError } from "../base/errors.ts";
import type { Matrix } from "./matrix.ts";

/** Where the modules come from: a `ModuleSet`, which is a layer above. */
export interface ModulesSource {
  readonly current: { readonly modules: readonly Module[] };
  onChange(listener: (snapshot: { readonly modules: readonly Module[] }) => void): () => void;
}

/** What one caller may do here, made for looking up. */
interface Grant {
  readonly allMethods: boolean;
  readonly methods: ReadonlySet<string>;
  readonly endpoints: PathNode<ReadonlySet<string>>;
}

export interface ModuleMatrix extends Matrix {
  /** Stops following the modules. */
  close(): void;
}

/**
 * The callers of `module` as the set of modules declares them; follows its changes.
 * @param hasRestForm whether a method of it has a REST form: what may be called without being named.
 */
export function createModuleMatrix(module: string, modules: ModulesSource, hasRestForm: (method: string) => boolean): ModuleMatrix {
  let grants = compile(callersOf(module, modules.current.modules));
  const stop = modules.onChange((snapshot) => {
    grants = compile(callersOf(module, snapshot.modules));
  });
  /** Reused by each check: they run to their end without a break. */
  const segments: string[] = [];

  function refusal(from: string, method: string): PlinthError {
    return forbidden(`Module ${from} may not call ${method} of ${module}.`, {
      reason: "PERMISSION_DENIED",
      metadata: { from, to: module, method },
    });
  }

  return {
    checkMethod(from, method) {
      const grant = grants.get(from);
      if (grant === undefined || !(grant.methods.has(method) || (grant.allMethods && hasRestForm(method)))) throw refusal(from, method);
    },
    checkEndpoint(from, httpMethod, path) {
      const grant = grants.get(from);
      if (grant !== undefined) {
        const count = splitRequestPath(path, segments);
        // The most specific template of the path that has the method: what the trie asks for is undefined for "go on looking".
        const takes = (found: readonly ReadonlySet<string>[]) => (found.some((methods) => methods.has(httpMethod)) ? true : undefined);
        if (count !== -1 && findInPath(grant.endpoints, segments, count, takes) === true) return;
      }
      throw refusal(from, `${httpMethod} ${path.slice(0, 200)}`);
    },
    close: stop,
  };
}

function compile(callers: readonly CallGrant[]): Map<string, Grant> {
  return new Map(
    callers.map(({ from, methods, endpoints }) => {
      const root = emptyPathNode<ReadonlySet<string>>();
      for (const endpoint of endpoints) insertPath(root, parsePathPattern(endpoint.path), new Set<string>(endpoint.methods));
      return [from, { allMethods: methods.includes(ALL_METHODS), methods: new Set(methods), endpoints: root }];
    }),
  );
}
