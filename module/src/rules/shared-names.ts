import { type Candidate, type CandidateSet, mayBeUnread } from "../candidates.ts";
import { didYouMean } from "../did-you-mean.ts";
import { AUDIT_TOPIC, PLATFORM } from "../platform.ts";

/** Looks up the RPC methods of a module, as `plinth.blog.v1.BlogService/GetPost`; undefined if they are not known. */
export type RpcMethods = (module: string) => ReadonlySet<string> | undefined;

/** What one module names of another is there: permissions in roles, topics and event types, RPC methods. */
export function checkSharedNames(set: CandidateSet, rpcMethods: RpcMethods): void {
  const grants = declaredGrants(set);
  const published = publishedTypes(set);
  for (const candidate of set.list) {
    checkRoles(set, candidate, grants);
    checkSubscriptions(set, candidate, published);
    checkCalls(set, candidate, rpcMethods);
  }
}

/** Every permission, and every `blog.post.*` and `blog.*` that stands for at least one. */
function declaredGrants(set: CandidateSet): Set<string> {
  const grants = new Set<string>();
  for (const { module } of set.list) {
    for (const { code } of module.spec.permissions ?? []) {
      grants.add(code);
      grants.add(`${code.slice(0, code.lastIndexOf("."))}.*`);
      grants.add(`${code.slice(0, code.indexOf("."))}.*`);
    }
  }
  return grants;
}

function checkRoles(set: CandidateSet, candidate: Candidate, grants: ReadonlySet<string>): void {
  for (const [index, role] of (candidate.module.spec.roles ?? []).entries()) {
    for (const [position, grant] of role.permissions.entries()) {
      const owner = grant.slice(0, grant.indexOf("."));
      if (grants.has(grant) || mayBeUnread(set, owner)) continue;
      const declared = (set.byName.get(owner) ?? candidate).module.spec.permissions ?? [];
      const guess = didYouMean(
        grant,
        declared.map((permission) => permission.code),
      );
      candidate.findings.push({
        reason: "RoleInvalid",
        path: ["spec", "roles", index, "permissions", position],
        value: grant,
        message: "no module declares this permission",
        mend: guess === undefined ? `declare it under spec.permissions of ${owner}, or take it away` : `did you mean ${guess}?`,
      });
    }
  }
}

interface Publications {
  publisher: string;
  types: Set<string>;
}

function publishedTypes(set: CandidateSet): Map<string, Publications> {
  const topics = new Map<string, Publications>();
  for (const { name, module } of set.list) {
    for (const { topic, types } of module.spec.events?.publishes ?? []) {
      const known = topics.get(topic);
      if (known === undefined) topics.set(topic, { publisher: name, types: new Set(types) });
      else for (const type of types) known.types.add(type);
    }
  }
  return topics;
}

function checkSubscriptions(set: CandidateSet, candidate: Candidate, published: ReadonlyMap<string, Publications>): void {
  for (const [index, { topic, types }] of (candidate.module.spec.events?.subscribes ?? []).entries()) {
    if (topic === AUDIT_TOPIC) continue;
    const path = ["spec", "events", "subscribes", index];
    const known = published.get(topic);
    const owner = known?.publisher ?? topic.split(".")[0] ?? topic;
    if (mayBeUnread(set, owner)) continue;
    const findings = isOptional(set, candidate, owner) ? candidate.warnings : candidate.findings;
    if (known === undefined) {
      const guess = didYouMean(topic, [...published.keys()].slice(0, 2000));
      const mend = guess === undefined ? "install the module that publishes it, or take the subscription away" : `did you mean ${guess}?`;
      findings.push({
        reason: "SubscriptionUnknown",
        path: [...path, "topic"],
        value: topic,
        message: "no module publishes to this topic",
        mend,
      });
      continue;
    }
    for (const [position, type] of types.entries()) {
      if (known.types.has(type) || !type.startsWith(`${topic}.`)) continue;
      const guess = didYouMean(type, [...known.types]);
      const mend = guess === undefined ? `choose one of ${[...known.types].slice(0, 10).join(", ")}` : `did you mean ${guess}?`;
      const message = `${known.publisher} does not publish this type to ${topic}`;
      findings.push({ reason: "SubscriptionUnknown", path: [...path, "types", position], value: type, message, mend });
    }
  }
}

/**
 * Whether a subscription may come to nothing: its publisher is an optional dependency. Who publishes a topic of the platform its name does not tell;
 * it may be any optional dependency that is not there.
 */
function isOptional(set: CandidateSet, candidate: Candidate, owner: string): boolean {
  return (candidate.module.spec.dependencies ?? []).some(
    ({ module, optional }) => optional === true && (module === owner || (owner === PLATFORM && !set.byName.has(module))),
  );
}

function checkCalls(set: CandidateSet, candidate: Candidate, rpcMethods: RpcMethods): void {
  for (const [index, call] of (candidate.module.spec.calls ?? []).entries()) {
    const known = set.byName.has(call.to) ? rpcMethods(call.to) : undefined;
    if (known === undefined) continue;
    for (const [position, method] of (call.methods ?? []).entries()) {
      if (known.has(method)) continue;
      const guess = didYouMeanMethod(method, known);
      candidate.findings.push({
        reason: "CallUnknown",
        path: ["spec", "calls", index, "methods", position],
        value: method,
        message: `${call.to} has no such RPC method`,
        mend: guess === undefined ? `choose a method that ${call.to} has` : `did you mean ${guess}?`,
      });
    }
  }
}

/** Full names are long and mostly equal: the method's own name decides, within the same service first. */
function didYouMeanMethod(method: string, known: ReadonlySet<string>): string | undefined {
  const [service, name = ""] = method.split("/");
  const own = (full: string): string => full.slice(full.indexOf("/") + 1);
  const sameService = [...known].filter((full) => full.startsWith(`${service}/`));
  const candidates = sameService.length > 0 ? sameService : [...known];
  const guess = didYouMean(name, candidates.map(own));
  return guess === undefined ? undefined : candidates.find((full) => own(full) === guess);
}
