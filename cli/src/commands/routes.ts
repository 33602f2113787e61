import { formatDuration, HTTP_METHODS, routeTable } from "@plinth/module";
import { readModules } from "../local/read-modules.ts";
import { printList } from "../output/print-list.ts";
import { findProject } from "../project.ts";

/** The public API, the most specific route first, as the gateway applies it. */
export function routes(options: { readonly json?: boolean }): void {
  printList(
    routeTable(readModules(findProject()).modules).list(),
    [
      { title: "METHODS", value: ({ methods }) => (methods.length === HTTP_METHODS.length ? "all" : methods.join(",")) },
      { title: "PATH", value: ({ path }) => path },
      { title: "MODULE", value: ({ module }) => module },
      { title: "NEEDS", value: ({ auth, permission }) => permission ?? (auth === "public" ? "nothing" : "sign-in") },
      {
        title: "LIMIT",
        value: ({ rateLimit }) => (rateLimit === undefined ? "" : `${rateLimit.requests}/${formatDuration(rateLimit.perMs)}`),
      },
      { title: "TIMEOUT", value: ({ timeoutMs }) => (timeoutMs === undefined ? "" : formatDuration(timeoutMs)) },
    ],
    { ...options, empty: "No module has a route." },
  );
}
