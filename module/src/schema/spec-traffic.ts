import { type Static, Type } from "@sinclair/typebox";
import * as field from "./field-types.ts";
import { HTTP_METHODS } from "./http-method.ts";

const httpMethods = (description: string) =>
  field.setOf(field.oneOf(HTTP_METHODS, { "x-mend": `name HTTP methods: ${HTTP_METHODS.join(", ")}` }), HTTP_METHODS.length, {
    minItems: 1,
    description,
  });

export const Route = Type.Object(
  {
    path: field.path({ description: "Path template: {name} and * match one segment, ** at the end the rest." }),
    methods: Type.Optional(httpMethods("HTTP methods; all if left out. GET also answers HEAD.")),
    auth: Type.Optional(
      field.oneOf(["public", "required"], { default: "required", description: "Whether the caller must carry a valid access token." }),
    ),
    permission: Type.Optional(field.permission({ description: "Permission that the user must have; implies auth: required." })),
    rateLimit: Type.Optional(
      Type.Object(
        {
          requests: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
          per: field.duration({ description: "The window, for instance 1m." }),
        },
        { ...field.closed, description: "Requests that one user (or address, on public routes) may make in a window." },
      ),
    ),
    timeout: Type.Optional(field.duration({ description: "Time within which the module must answer." })),
    cache: Type.Optional(
      Type.Object(
        {
          ttl: field.duration({ description: "How long an answer is fresh." }),
          vary: Type.Optional(field.setOf(field.headerName(), 10, { description: "Request headers that tell answers apart." })),
        },
        { ...field.closed, description: "Keeps answers to GET in the gateway." },
      ),
    ),
    bodyLimit: Type.Optional(field.byteSize({ description: "Largest request body, for instance 4Mi." })),
    responseHeaders: Type.Optional(
      Type.Object(
        {
          set: Type.Optional(field.headerMap("Headers to set, by name.", field.headerValue)),
          remove: Type.Optional(field.setOf(field.headerName(), 30, { description: "Headers to take away." })),
          rename: Type.Optional(field.headerMap("Headers to rename: old name to new name.", field.headerName())),
        },
        { ...field.closed, description: "Changes to the headers of every answer." },
      ),
    ),
  },
  {
    ...field.closed,
    "x-kubernetes-validations": [
      {
        rule: "!has(self.permission) || !has(self.auth) || self.auth != 'public'",
        message: "a route with a permission cannot be public: nobody could be asked for it",
      },
    ],
  },
);

export const Call = Type.Object(
  {
    to: field.name({ description: "The module that is called; it must be among the dependencies." }),
    methods: Type.Optional(field.setOf(field.rpcMethod(), 200, { description: "Full names of the RPC methods." })),
    endpoints: Type.Optional(
      field.list(
        Type.Object({ path: field.path(), methods: Type.Optional(httpMethods("HTTP methods; all if left out.")) }, field.closed),
        100,
        { description: "Plain HTTP endpoints." },
      ),
    ),
    rateLimit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000_000_000, description: "Calls per second and instance of the caller." }),
    ),
    timeout: Type.Optional(field.duration()),
    retries: Type.Optional(
      Type.Object(
        {
          attempts: Type.Integer({ minimum: 1, maximum: 10, description: "Attempts in all, the first included." }),
          initial: Type.Optional(field.duration({ description: "Wait before the second attempt; doubles from then on." })),
          max: Type.Optional(field.duration({ description: "Longest wait between two attempts." })),
        },
        field.closed,
      ),
    ),
    circuitBreaker: Type.Optional(
      Type.Object(
        {
          failureThreshold: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: "Failures in a row that open it." })),
          recoveryTimeout: Type.Optional(field.duration({ description: "How long it stays open." })),
        },
        field.closed,
      ),
    ),
  },
  {
    ...field.closed,
    description: "What this module may call; the callee enforces it.",
    "x-kubernetes-validations": [{ rule: "has(self.methods) || has(self.endpoints)", message: "a call names methods, endpoints or both" }],
  },
);

export const ExternalHost = Type.Object(
  {
    host: field.externalHost({ description: "A DNS name, an address, a range as 203.0.113.0/24, or * for any." }),
    ports: field.setOf(Type.Integer({ minimum: 1, maximum: 65535 }), 20, { minItems: 1, description: "TCP ports." }),
  },
  { ...field.closed, description: "A host beside the platform that this module connects to; the network lets no other through." },
);

/** A path of the public API, served through the gateway. */
export type Route = Static<typeof Route>;

/** What a module may call of another module. */
export type Call = Static<typeof Call>;

/** A host beside the platform that a module connects to. */
export type ExternalHost = Static<typeof ExternalHost>;
