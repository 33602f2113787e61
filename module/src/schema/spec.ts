import { type Static, Type } from "@sinclair/typebox";
import * as field from "./field-types.ts";
import { Call, ExternalHost, Route } from "./spec-traffic.ts";
import { Autoscaling, Disruption, Health, Resources, Strategy, Variable } from "./spec-workload.ts";

const Dependency = Type.Object(
  {
    module: field.name(),
    version: Type.Optional(
      field.plain(100, {
        description: "Range of versions, as npm writes them: ^1.2.0, >=1.0.0 <2. Any if left out.",
        "x-reason": "VersionInvalid",
      }),
    ),
    optional: Type.Optional(Type.Boolean({ default: false, description: "The module starts without it, and reports Degraded." })),
  },
  field.closed,
);

const port = (description: string) => Type.Integer({ minimum: 1, maximum: 65535, description, "x-mend": "choose a port from 1 to 65535" });

const Ports = Type.Object(
  {
    http: Type.Optional(port("REST, Connect and gRPC-Web, health, metrics.")),
    grpc: Type.Optional(port("Native gRPC.")),
  },
  {
    ...field.closed,
    "x-kubernetes-validations": [
      { rule: "!has(self.http) || !has(self.grpc) || self.http != self.grpc", message: "http and grpc need two different ports" },
    ],
  },
);

const Database = Type.Object(
  { schema: Type.Optional(field.schemaName({ description: "Schema of its own; the module's name (with _ for -) if left out." })) },
  {
    ...field.closed,
    "x-kubernetes-validations": [
      {
        rule: "!has(self.schema) || (!self.schema.startsWith('pg_') && !(self.schema in ['public', 'information_schema', 'plinth_bus']))",
        message: "this schema is not a module's own",
      },
    ],
  },
);

const Publication = Type.Object(
  {
    topic: field.topic(),
    types: field.setOf(field.eventType(), 100, { minItems: 1, description: "Event types; each begins with the topic." }),
    partitions: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: "How far consumers can share the work." })),
    retention: Type.Optional(field.duration({ description: "How long events stay readable." })),
  },
  {
    ...field.closed,
    "x-kubernetes-validations": [
      { rule: "self.types.all(t, t.startsWith(self.topic + '.'))", message: "an event type begins with its topic" },
      { rule: "self.topic != 'platform.audit'", message: "platform.audit is built in: every module publishes to it without declaring it" },
    ],
  },
);

const Subscription = Type.Object(
  { topic: field.topic(), types: field.setOf(field.eventType(), 100, { minItems: 1, description: "Event types to receive." }) },
  {
    ...field.closed,
    "x-kubernetes-validations": [
      { rule: "self.types.all(t, t.startsWith(self.topic + '.'))", message: "an event type begins with its topic" },
    ],
  },
);

const Events = Type.Object(
  {
    publishes: Type.Optional(field.listBy("topic", Publication, 50)),
    subscribes: Type.Optional(field.listBy("topic", Subscription, 100)),
  },
  field.closed,
);

const Permission = Type.Object(
  {
    code: field.permission({ description: "What is allowed, as module.resource.action." }),
    description: Type.Optional(field.plain(500, { description: "For whoever gives the permission to roles." })),
  },
  field.closed,
);

const Role = Type.Object(
  {
    name: field.name(),
    description: Type.Optional(field.plain(500, { description: "For whoever gives the role to users." })),
    permissions: field.setOf(field.grant(), 200, { description: "Permissions; blog.post.* stands for all of a resource." }),
  },
  field.closed,
);

const Secret = Type.Object(
  {
    name: field.secretName({ description: "The name under which the service reads it." }),
    from: Type.Object(
      {
        secret: field.plain(253, { description: "Name of the Kubernetes Secret." }),
        key: field.plain(253, { description: "Key within it." }),
      },
      field.closed,
    ),
    optional: Type.Optional(Type.Boolean({ default: false, description: "The module starts without it." })),
    generate: Type.Optional(
      Type.Boolean({
        default: false,
        description: "Where it is missing, the platform makes it: 32 random bytes in base64url, 43 characters.",
      }),
    ),
  },
  field.closed,
);

const argument = Type.String({ maxLength: 4096 });

export const ModuleSpec = Type.Object(
  {
    version: field.semver({ description: "Semantic version of the module." }),
    summary: Type.Optional(field.plain(500, { description: "One sentence: what the module does." })),
    image: Type.Optional(field.plain(500, { description: "Container image; the platform's default image if left out." })),
    command: Type.Optional(field.list(argument, 50, { description: "What the container runs; the image's own entry point if left out." })),
    args: Type.Optional(
      field.list(argument, 100, { description: "Its arguments; those that run this module with the platform's image if left out." }),
    ),
    env: Type.Optional(field.listBy("name", Variable, 100, { description: "Environment variables; never secrets." })),
    runAsUser: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 2_147_483_647,
        description: "User id that the container runs as; 10001, the platform image's, if left out. Never root.",
      }),
    ),
    dependencies: Type.Optional(field.listBy("module", Dependency, 100, { description: "Modules that this one needs." })),
    ports: Type.Optional(Ports),
    database: Type.Optional(Database),
    cache: Type.Optional(Type.Boolean({ default: false, description: "Whether the module uses the cache." })),
    events: Type.Optional(Events),
    permissions: Type.Optional(field.listBy("code", Permission, 200)),
    roles: Type.Optional(field.listBy("name", Role, 50)),
    routes: Type.Optional(field.list(Route, 200, { description: "Public paths, served through the gateway." })),
    calls: Type.Optional(field.listBy("to", Call, 100)),
    externalHosts: Type.Optional(field.list(ExternalHost, 50, { description: "Hosts beside the platform that it connects to." })),
    config: Type.Optional(field.freeForm("Configuration; hot reloaded.")),
    configSchema: Type.Optional(field.freeForm("JSON Schema of the configuration.")),
    secrets: Type.Optional(field.listBy("name", Secret, 100)),
    replicas: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000 })),
    autoscaling: Type.Optional(Autoscaling),
    resources: Type.Optional(Resources),
    disruption: Type.Optional(Disruption),
    strategy: Type.Optional(Strategy),
    health: Type.Optional(Health),
    placement: Type.Optional(
      Type.Object({ group: field.name({ description: "Modules of one group may share a process." }) }, field.closed),
    ),
    dapr: Type.Optional(Type.Object({ enabled: Type.Boolean({ description: "Whether replicas get a sidecar of Dapr." }) }, field.closed)),
    paused: Type.Optional(Type.Boolean({ default: false, description: "Leave what runs as it is." })),
    deletionPolicy: Type.Optional(
      field.oneOf(["Retain", "Delete"], { default: "Retain", description: "Whether schema and topics go with the module." }),
    ),
  },
  {
    ...field.closed,
    "x-kubernetes-validations": [
      {
        rule: "!has(self.calls) || self.calls.all(c, has(self.dependencies) && self.dependencies.exists(d, d.module == c.to))",
        message: "calls names a module that is not among the dependencies",
      },
      {
        rule: "!has(self.health) || !has(self.health.path) || (has(self.ports) && has(self.ports.http))",
        message: "health.path is asked for on ports.http, which is missing",
      },
      { rule: "!has(self.replicas) || !has(self.autoscaling)", message: "set replicas or autoscaling, not both" },
      {
        rule: "!has(self.roles) || self.roles.all(r, !(r.name in ['platform-admin', 'user']))",
        message: "the roles platform-admin and user are built in",
      },
    ],
  },
);

/** What a module declares of itself. */
export type ModuleSpec = Static<typeof ModuleSpec>;

/** A module that another one needs. */
export type Dependency = Static<typeof Dependency>;

/** A secret that the service reads by name. */
export type SecretReference = Static<typeof Secret>;

/** A named bundle of permissions. */
export type Role = Static<typeof Role>;
