import { ALL_METHODS, callMatrix, formatDuration } from "@plinth/module";
import { readModules } from "../local/read-modules.ts";
import { printList } from "../output/print-list.ts";
import { findProject } from "../project.ts";

/** Who may call whom, for what: what every callee enforces. */
export function matrix(options: { readonly json?: boolean }): void {
  printList(
    callMatrix(readModules(findProject()).modules),
    [
      { title: "FROM", value: ({ from }) => from },
      { title: "TO", value: ({ to }) => to },
      { title: "RPC METHODS", value: ({ methods }) => methods.map(shortName).join(", ") },
      {
        title: "ENDPOINTS",
        value: ({ endpoints }) => (endpoints.length > 2 ? `${endpoints.length} routes` : endpoints.map(({ path }) => path).join(", ")),
      },
      { title: "RATE", value: ({ rateLimitPerSecond: rate }) => (rate === undefined ? "" : `${rate}/s`) },
      { title: "TIMEOUT", value: ({ timeoutMs }) => (timeoutMs === undefined ? "" : formatDuration(timeoutMs)) },
    ],
    { ...options, empty: "No module may call another." },
  );
}

/** `plinth.blog.v1.BlogService/GetPost` without the package, which follows from the module. */
function shortName(method: string): string {
  return method === ALL_METHODS ? "all" : (method.split(".").at(-1) ?? method);
}
