import { type Candidate, type CandidateSet, isRejected } from "../candidates.ts";
import type { Finding } from "../finding.ts";
import { checkRouteClaims, emptyRouteClaims, keepRouteClaims, type RouteClaims } from "./route-claims.ts";
import { databaseRoles, databaseSchema } from "./workload.ts";

/** What only one module can have, and who has it. */
interface Claims {
  ports: Map<number, string>;
  schemas: Map<string, string>;
  /** Roles on Postgres, which follow from the module's name. */
  databaseRoles: Map<string, string>;
  topics: Map<string, string>;
  roles: Map<string, string>;
  routes: RouteClaims;
}

/**
 * Gives out what only one module can have, in the order of the list. A module that is rejected, for this or another reason, takes nothing: it is
 * looked at last, so that its author sees this too.
 */
export function checkClaims(set: CandidateSet, local: boolean): void {
  const claims: Claims = {
    ports: new Map(),
    schemas: new Map(),
    databaseRoles: new Map(),
    topics: new Map(),
    roles: new Map(),
    routes: emptyRouteClaims(),
  };
  const rejectedBefore = set.list.filter(isRejected);
  for (const candidate of set.list) {
    if (isRejected(candidate)) continue;
    const keep = check(claims, candidate, local);
    if (!isRejected(candidate)) keep();
  }
  for (const candidate of rejectedBefore) check(claims, candidate, local);
}

/** Reports what is taken already; the function it returns takes the rest. */
function check(claims: Claims, candidate: Candidate, local: boolean): () => void {
  const { module, name, findings } = candidate;
  const taken: (() => void)[] = [];
  const claim = <Key>(held: Map<Key, string>, key: Key, finding: (holder: string) => Finding): void => {
    const holder = held.get(key);
    if (holder !== undefined) findings.push(finding(holder));
    else taken.push(() => held.set(key, name));
  };
  if (local) {
    for (const kind of ["http", "grpc"] as const) {
      const port = module.spec.ports?.[kind];
      if (port === undefined) continue;
      claim(claims.ports, port, (holder) => ({
        reason: "PortTaken",
        path: ["spec", "ports", kind],
        value: port,
        message: `the port ${port} belongs to module ${holder}`,
        mend: "choose a port that no other module has",
      }));
    }
  }
  const schema = databaseSchema(module);
  if (schema !== undefined) {
    claim(claims.schemas, schema, (holder) => ({
      reason: "NameTaken",
      path: ["spec", "database", "schema"],
      value: schema,
      message: `the database schema ${schema} belongs to module ${holder}`,
      mend: "choose a schema that no other module has",
    }));
  }
  for (const role of databaseRoles(module)) {
    claim(claims.databaseRoles, role, (holder) => ({
      reason: "NameTaken",
      path: ["metadata", "name"],
      value: name,
      message: `its role ${role} on Postgres belongs to module ${holder}`,
      mend: "choose another name: what ends in -owner is the name of the owner of another module's schema",
    }));
  }
  for (const [index, { topic }] of (module.spec.events?.publishes ?? []).entries()) {
    claim(claims.topics, topic, (holder) => ({
      reason: "TopicConflict",
      path: ["spec", "events", "publishes", index, "topic"],
      value: topic,
      message: `the module ${holder} publishes to ${topic} already`,
      mend: `publish to a topic of its own, as ${name}.${topic.split(".").at(-1)}`,
    }));
  }
  for (const [index, role] of (module.spec.roles ?? []).entries()) {
    claim(claims.roles, role.name, (holder) => ({
      reason: "RoleInvalid",
      path: ["spec", "roles", index, "name"],
      value: role.name,
      message: `the module ${holder} declares this role already`,
      mend: "choose another name for the role",
    }));
  }
  const routes = checkRouteClaims(claims.routes, module, (finding) => findings.push(finding));
  return () => {
    for (const take of taken) take();
    keepRouteClaims(claims.routes, routes);
  };
}
