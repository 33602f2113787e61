/**
 * Checks per second in process, by the number of bindings (assignments of roles to users) the platform has: the rules of authz on compiled sets, as
 * a call finds them in memory. Every tenth question is refused, every user has several roles, some of them wildcards.
 * `npm run bench -- authz [--write]`
 */

import { NO_ATTRIBUTES, readAttributes } from "../services/authz/src/domain/attributes.ts";
import { newMeter } from "../services/authz/src/domain/cost.ts";
import { decide } from "../services/authz/src/domain/decide.ts";
import type { Policy } from "../services/authz/src/domain/policy.ts";
import type { Role } from "../services/authz/src/domain/role.ts";
import type { Subject } from "../services/authz/src/domain/subject.ts";
import { createSubjects, type Subjects } from "../services/authz/src/domain/subjects.ts";
import { RUNS, SECONDS } from "./measure/options.ts";
import { report, table, whole } from "./measure/report.ts";
import { median } from "./measure/rounds.ts";

const SIZES = [1_000, 10_000, 110_000];
const ROLES_PER_USER = 10;
const MODULES = 50;
const TENANT = "default";
const START = new Date(0);

/** Ten roles a module: exact codes, every third a wildcard of a resource. */
const roles: Role[] = Array.from({ length: MODULES * 10 }, (_, index) => {
  const module = `module${index % MODULES}`;
  const resource = `${module}.resource${Math.floor(index / MODULES)}`;
  const permissions = index % 3 === 0 ? [`${resource}.*`] : ["create", "read", "update"].map((action) => `${resource}.${action}`);
  return { name: `role-${index}`, description: "", permissions, module: "", version: 1, retired: false, updatedAt: START };
});

const policies: Policy[] = [
  {
    id: "policy_locked",
    tenantId: TENANT,
    name: "locked",
    description: "",
    permission: "module1.*",
    effect: "deny",
    expression: "has(resource.locked) && resource.locked && resource.author_id != subject.id",
    enabled: true,
    version: 1,
    createdAt: START,
    updatedAt: START,
  },
];

/** Users with their compiled sets, all in memory. */
async function fill(bindings: number): Promise<{ subjects: Subjects; users: string[] }> {
  const users = Array.from({ length: bindings / ROLES_PER_USER }, (_, index) => `user_${index}`);
  const numberOf = new Map(users.map((user, index) => [user, index]));
  const subjects = createSubjects({
    maxUsers: users.length + 1,
    versionWaitMs: () => 0,
    reader: {
      async readAccess(_tenant, userId, withRules) {
        const number = numberOf.get(userId) ?? 0;
        const assignments = Array.from({ length: ROLES_PER_USER }, (_, index) => {
          const role = `role-${(number * 7 + index * 13) % roles.length}`;
          return { userId, role, assignedAt: START, assignedBy: "", expiresAt: null };
        });
        return { version: { tenant: 1, platform: 1 }, assignments, ...(withRules ? { rules: { roles, policies } } : {}) };
      },
    },
  });
  for (const user of users) await subjects.get(TENANT, user);
  return { subjects, users };
}

interface Ask {
  readonly user: string;
  readonly permission: string;
}

/** Questions in an order that caches of the processor cannot guess. */
function questions(users: readonly string[], wanted: (index: number, user: number) => string): Ask[] {
  let seed = 42;
  const next = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed;
  };
  return Array.from({ length: 4096 }, (_, index) => {
    const number = next() % users.length;
    return { user: users[number] ?? "", permission: wanted(index, number) };
  });
}

/** A permission of one of the user's roles; every tenth is one that nobody has. */
function usual(index: number, user: number): string {
  if (index % 10 === 0) return "module3.secret.read";
  const role = roles[(user * 7 + (index % ROLES_PER_USER) * 13) % roles.length];
  return role?.permissions[0]?.replace("*", "read") ?? "";
}

const locked = readAttributes({ locked: false, author_id: "user_1" }, "resource");

function perSecond(subjects: Subjects, asked: readonly Ask[], resource = NO_ATTRIBUTES): number {
  let allowed = 0;
  let checks = 0;
  const begin = performance.now();
  const end = begin + SECONDS * 1000;
  while (performance.now() < end) {
    for (const { user, permission } of asked) {
      const subject = subjects.get(TENANT, user) as Subject;
      if (decide(subject, { permission, resource, context: NO_ATTRIBUTES }, newMeter()).allowed) allowed++;
    }
    checks += asked.length;
  }
  if (allowed === 0 && resource === NO_ATTRIBUTES) throw new Error("Nothing was allowed: these are not the questions they should be.");
  return checks / ((performance.now() - begin) / 1000);
}

const rows: string[][] = [];
for (const bindings of SIZES) {
  const { subjects, users } = await fill(bindings);
  const plain = questions(users, usual);
  const ruled = questions(users, () => "module1.resource1.update");
  perSecond(subjects, plain);
  perSecond(subjects, ruled, locked);
  const roleChecks = median(Array.from({ length: RUNS }, () => perSecond(subjects, plain)));
  const policyChecks = median(Array.from({ length: RUNS }, () => perSecond(subjects, ruled, locked)));
  const cells = [roleChecks, policyChecks].flatMap((value) => [whole(value), (1e6 / value).toFixed(2)]);
  rows.push([whole(bindings), whole(users.length), ...cells]);
}
await report("authz", table(["bindings", "users", "checks/s by roles", "µs", "checks/s with a policy", "µs"], rows));
