import { Type } from "@sinclair/typebox";
import * as field from "./field-types.ts";

export const Autoscaling = Type.Object(
  {
    min: Type.Integer({ minimum: 1, maximum: 1000 }),
    max: Type.Integer({ minimum: 1, maximum: 1000 }),
    targetCPU: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: "Per cent of the CPU that is requested." })),
  },
  {
    ...field.closed,
    "x-kubernetes-validations": [{ rule: "self.min <= self.max", message: "min must not be greater than max" }],
  },
);

const amounts = (description: string) =>
  Type.Object(
    {
      cpu: Type.Optional(field.quantity({ description: "CPU, for instance 250m." })),
      memory: Type.Optional(field.quantity({ description: "Memory, for instance 96Mi." })),
      "ephemeral-storage": Type.Optional(field.quantity({ description: "Scratch disk, for instance 1Gi." })),
    },
    { ...field.closed, description },
  );

export const Resources = Type.Object(
  { requests: Type.Optional(amounts("What a replica is given.")), limits: Type.Optional(amounts("What it may take at most.")) },
  field.closed,
);

/** CEL for a count or percentage that is none. */
const isNone = (amount: string): string => `(type(${amount}) == int ? ${amount} == 0 : ${amount} == '0%')`;

export const Strategy = Type.Object(
  {
    type: Type.Optional(field.oneOf(["RollingUpdate", "Recreate"], { default: "RollingUpdate" })),
    maxUnavailable: Type.Optional(field.countOrPercentage({ description: "Replicas that may be missing during a roll-out." })),
    maxSurge: Type.Optional(field.countOrPercentage({ description: "Replicas that may be there in excess during a roll-out." })),
    progressDeadline: Type.Optional(field.duration({ description: "A roll-out that does not progress for so long has failed." })),
    rollbackOnFailure: Type.Optional(Type.Boolean({ description: "Go back to the previous version when a roll-out fails." })),
  },
  {
    ...field.closed,
    "x-kubernetes-validations": [
      {
        rule: `!has(self.maxSurge) || !has(self.maxUnavailable) || !(${isNone("self.maxSurge")} && ${isNone("self.maxUnavailable")})`,
        message: "a roll-out that may neither add nor take away a replica cannot begin",
      },
    ],
  },
);

export const Disruption = Type.Object(
  {
    minAvailable: field.countOrPercentage({
      description:
        "Replicas that stay through voluntary disruptions. Where that is all of them they go one at a time; a sole replica may always go.",
    }),
  },
  field.closed,
);

export const Variable = Type.Object(
  { name: field.variableName(), value: Type.String({ maxLength: 32_768, description: "Its value, as it is." }) },
  field.closed,
);

export const Health = Type.Object(
  {
    startupSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 3600, description: "Time that a replica may take to start." })),
    path: Type.Optional(
      field.requestPath({
        description: "The image brings a server of its own, not the platform's: probes ask for this path on the HTTP port.",
      }),
    ),
  },
  field.closed,
);
