/**
 * Who may import whom. A room is a workspace, a layer a set of folders of the kernel. Types count like values: a type
 * that points upwards is a knot as well.
 */

const { Visitor } = require("@swc/core/Visitor.js");

// swc parses `using`, but its visitor, by which the imports are found, does not know the statement and throws.
const { visitStatement } = Visitor.prototype;
Visitor.prototype.visitStatement = function visitAnyStatement(statement) {
  if (statement.type !== "UsingDeclaration") return visitStatement.call(this, statement);
  for (const { init } of statement.decls) this.visitOptionalExpression(init);
  return statement;
};

/** Tests, and the suites that every driver of an interface must pass. */
const TEST = "(\\.test\\.ts$|-contract\\.ts$|^services/[^/]+/test/)";

/** From low to high: a folder imports its own layer and those before it. */
const KERNEL_LAYERS = [
  ["base"],
  ["config", "logging", "telemetry", "kube", "status"],
  ["lifecycle", "health", "resilience", "discovery", "identity", "matrix"],
  ["http", "rpc", "client", "database", "cache", "events", "jobs", "secrets", "state", "modules", "sagas"],
  ["service"],
  ["arbitraries", "testing", "test-cluster"],
];

/** The layer whose folders do not know each other, and the pairs that do. */
const CAPABILITIES = KERNEL_LAYERS[3];
const CAPABILITY_USES = { events: ["database"], jobs: ["database"], state: ["database"], sagas: ["database"], rpc: ["http"] };

/** Stands beside the layers: the local Postgres server, which only a place or a test starts. */
const EMBEDDED = "embedded";

const folders = (names) => `^kernel/src/(${names.join("|")})/`;

/** Packages and Node modules that talk to the world outside the process. */
const IO =
  "(^|node_modules/)(pg|typeorm|express|undici|nodemailer|smtp-server|graphile-worker|ioredis|kafkajs|@grpc/[^/]+|@connectrpc/[^/]+)(/|$)|" +
  "^(node:)?(fs|net|tls|dns|dgram|http|https|http2|child_process|cluster|worker_threads)(/|$)";

/** Rooms: whatever of ours is not named in `may` is forbidden. `except`: what of the room itself the rule leaves alone. */
const room = (name, from, may, comment) => ({
  name: `room-${name}`,
  comment,
  severity: "error",
  from: { path: from },
  to: { path: "^(proto|module|kernel|operator|services|simulators|cli|e2e|bench|scripts)/", pathNot: may },
});

module.exports = {
  forbidden: [
    {
      name: "no-circular",
      comment: "Two files that need each other are one, or need a third below them.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "resolvable",
      comment: "What is imported must be there.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "declared-packages",
      comment: "A workspace declares what it imports in its own package.json (tests also in the root's).",
      severity: "error",
      from: { pathNot: "^(proto/gen|scripts|e2e|bench)/" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },

    room("proto", "^proto/", ["^proto/"], "Protos stand alone."),
    room("module", "^module/", ["^module/"], "Pure functions over modules stand alone."),
    room("kernel", "^kernel/", ["^(proto|module|kernel)/"], "The kernel knows no service."),
    room(
      "service",
      "^services/(?!gateway/|authz/)([^/]+)/(?!test/)",
      ["^(proto|kernel)/", "^services/$1/"],
      "Services know each other only by their clients.",
    ),
    room(
      "follower",
      "^services/(gateway|authz)/(?!test/)",
      ["^(proto|module|kernel)/", "^services/$1/"],
      "Gateway and authz work out routes and permissions from the set of modules, by the functions of module/.",
    ),
    room(
      "service-test",
      "^services/([^/]+)/test/",
      ["^(proto|module|kernel)/", "^services/$1/", "^services/[^/]+/(src/index|test/simulator)\\.ts$"],
      "Tests start the real services that theirs calls, and the simulators that those have.",
    ),
    room(
      "simulator",
      "^simulators/([^/]+)/",
      ["^simulators/$1/"],
      "A simulator stands for a foreign service: it knows nothing of ours, and is reached over a socket.",
    ),
    room(
      "operator",
      "^operator/",
      ["^(module|operator)/", "^kernel/src/(base|config|logging|telemetry|kube|lifecycle|health|resilience|test-cluster|testing)/"],
      "The operator stands on what every process stands on, and knows no capability of services.",
    ),
    room(
      "cli",
      "^cli/",
      ["^(proto|module|kernel|cli)/", "^operator/src/index\\.ts$"],
      "The command loads services by their module.yaml, and plans by the functions that the operator applies.",
    ),

    {
      name: "kernel-entries",
      comment: "From outside, the kernel is what the index.ts of its folders export.",
      severity: "error",
      from: { pathNot: "^kernel/" },
      to: { path: "^kernel/", pathNot: "^kernel/src/[^/]+/index\\.ts$" },
    },
    {
      name: "kernel-no-entries-inside",
      comment: "Inside the kernel the concrete file is imported, so that an entry does not pull its whole folder in.",
      severity: "error",
      from: { path: "^kernel/", pathNot: TEST },
      to: { path: "^kernel/src/[^/]+/index\\.ts$" },
    },
    {
      name: "module-entry",
      comment: "From outside, module/ is what its index.ts exports.",
      severity: "error",
      from: { pathNot: "^module/" },
      to: { path: "^module/", pathNot: "^module/src/index\\.ts$" },
    },
    ...KERNEL_LAYERS.slice(0, -1).map((layer, index) => ({
      name: `kernel-layer-${layer.length === 1 ? layer[0] : index}`,
      comment: `${layer.join(", ")} must not know the layers above.`,
      severity: "error",
      from: { path: folders(layer), pathNot: TEST },
      to: { path: folders(KERNEL_LAYERS.slice(index + 1).flat()) },
    })),
    ...CAPABILITIES.map((capability) => ({
      name: `kernel-capability-${capability}`,
      comment: "Capabilities do not know each other, but for the declared ones.",
      severity: "error",
      from: { path: folders([capability]), pathNot: TEST },
      to: { path: folders(CAPABILITIES.filter((other) => other !== capability && !CAPABILITY_USES[capability]?.includes(other))) },
    })),
    {
      name: "kernel-embedded",
      comment: "The local Postgres server needs only the base.",
      severity: "error",
      from: { path: folders([EMBEDDED]), pathNot: TEST },
      to: { path: "^kernel/src/", pathNot: folders(["base", EMBEDDED]) },
    },
    {
      name: "kernel-embedded-is-apart",
      comment: "No capability may rely on a Postgres server of its own.",
      severity: "error",
      from: { path: folders(KERNEL_LAYERS.slice(0, -1).flat()), pathNot: TEST },
      to: { path: folders([EMBEDDED]) },
    },
    {
      name: "kernel-known-folders",
      comment: "A new folder of the kernel is given its place among the layers here.",
      severity: "error",
      from: {},
      to: { path: "^kernel/src/[^/]+/", pathNot: folders([...KERNEL_LAYERS.flat(), EMBEDDED]) },
    },
    {
      name: "testing-in-tests",
      comment: "What helps tests must not get into what runs.",
      severity: "error",
      from: { pathNot: [TEST, folders(["arbitraries", "testing", "test-cluster"]), "^operator/src/module/testing/", "^(e2e|bench)/"] },
      to: { path: [folders(["arbitraries", "testing", "test-cluster"]), "^operator/src/module/testing/"] },
    },

    {
      name: "domain-knows-no-outside",
      comment: "A domain is rules and types; store, transport and events depend on it.",
      severity: "error",
      from: { path: "^services/[^/]+/src/domain/", pathNot: TEST },
      to: {
        path: [
          "^services/[^/]+/src/(store|rpc|subscribers|index\\.ts)",
          folders([...CAPABILITIES, "service", "testing", "discovery", EMBEDDED]),
        ],
      },
    },
    {
      name: "domain-does-no-io",
      comment: "A domain can be run and tested without a disk, a network or a database.",
      severity: "error",
      from: { path: "^services/[^/]+/src/domain/", pathNot: TEST },
      to: { path: IO },
    },
    {
      name: "store-behind-interfaces",
      comment: "Only src/index.ts knows concrete stores; the others know the domain's interfaces.",
      severity: "error",
      from: { path: "^services/[^/]+/src/(rpc|subscribers)/", pathNot: TEST },
      to: { path: "^services/[^/]+/src/store/" },
    },
  ],
  options: {
    // The API of TypeScript's own compiler is gone with version 7. swc sees imports of types, too.
    parser: "swc",
    combinedDependencies: true,
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "default", "node"],
      extensions: [".ts", ".js", ".d.ts"],
    },
  },
};
