import type { ModuleSpec, ModuleStatus } from "@plinth/module";
import type { Players } from "../play-controllers.ts";
import type { Lane } from "./lane.ts";

/** One thing that is done to the Modules of a lane, and how it looks from outside when the operator has done its part. */
export interface Chapter {
  readonly name: string;
  act(lane: Lane, players: Players): Promise<void>;
  isOver(lane: Lane): boolean;
}

const CATALOG: Partial<ModuleSpec> = {
  image: "catalog:1",
  ports: { http: 8001, grpc: 9001 },
  database: {},
  config: { color: "red" },
  secrets: [{ name: "KEY", from: { secret: "catalog-keys", key: "signing" }, generate: true }],
};
const PRICING: Partial<ModuleSpec> = {
  image: "pricing:1",
  ports: { http: 8002 },
  database: {},
  deletionPolicy: "Delete",
  dependencies: [{ module: "catalog", version: "^1.0.0" }],
  calls: [{ to: "catalog", endpoints: [{ path: "/x" }] }],
  disruption: { minAvailable: 1 },
  replicas: 2,
};
const STOREFRONT: Partial<ModuleSpec> = {
  image: "storefront:1",
  dependencies: [{ module: "pricing" }, { module: "catalog" }],
  autoscaling: { min: 1, max: 3 },
};

/** The life of three modules that depend on each other, two of them with data. */
export const STORY: readonly Chapter[] = [
  {
    name: "create",
    async act(lane) {
      // Those that need come before those that are needed.
      await lane.apply("storefront", STOREFRONT);
      await lane.apply("pricing", PRICING);
      await lane.apply("catalog", CATALOG);
    },
    isOver: allRun,
  },
  {
    name: "configure",
    act: (lane) => lane.apply("catalog", { ...CATALOG, config: { color: "blue" } }),
    isOver: allRun,
  },
  {
    name: "scale",
    act: (lane) => lane.apply("pricing", { ...PRICING, replicas: 3 }),
    isOver: (lane) => allRun(lane) && lane.statusOf("pricing")?.readyReplicas === 3,
  },
  {
    name: "upgrade",
    act: (lane) => lane.apply("catalog", { ...CATALOG, version: "1.1.0", image: "catalog:2" }),
    isOver: (lane) => allRun(lane) && lane.statusOf("catalog")?.version === "1.1.0",
  },
  {
    name: "roll back",
    async act(lane, players) {
      players.behave("storefront:bad", "late");
      await lane.apply("storefront", { ...STOREFRONT, version: "1.1.0", image: "storefront:bad" });
    },
    isOver: (lane) => has(lane.statusOf("storefront"), "Progressing", "RolledBack"),
  },
  {
    name: "delete what others need",
    act: (lane) => lane.remove("catalog"),
    isOver: (lane) => has(lane.statusOf("catalog"), "DeletionBlocked", "DependentsExist"),
  },
  {
    name: "delete",
    async act(lane) {
      await lane.remove("pricing");
      await lane.remove("storefront");
    },
    isOver: (lane) => lane.modules().length === 0,
  },
];

/** Every Module serves what is declared of it. */
export function allRun(lane: Lane): boolean {
  const modules = lane.modules();
  return (
    modules.length > 0 &&
    modules.every(({ metadata, status }) => {
      const { observedGeneration, phase, currentRevision, updateRevision } = (status ?? {}) as ModuleStatus;
      return observedGeneration === metadata.generation && phase === "Running" && currentRevision === updateRevision;
    })
  );
}

function has(status: ModuleStatus | undefined, type: string, reason: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.reason === reason) ?? false;
}
