import type { KubeObject } from "@plinth/kernel/kube";
import type { Problem } from "@plinth/module";

/** What would become of one object. */
export interface PlannedObject {
  readonly action: "create" | "update" | "delete";
  /** As it is; absent where it is to be created. */
  readonly before?: KubeObject;
  /** As it would be; absent where it is to be deleted. */
  readonly after?: KubeObject;
}

/** What would be done for one module: its own object first, then its children in the order in which they are applied. */
export interface ModulePlan {
  readonly module: string;
  readonly objects: readonly PlannedObject[];
  /** What keeps it from being done at once, or from being known now. One sentence each. */
  readonly notes: readonly string[];
}

/** What the operator would do, if the modules were applied. */
export interface Plan {
  /** Nothing is done for modules of which something is wrong. */
  readonly refused: readonly Problem[];
  /** Done once what they wait for is there. */
  readonly waiting: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Modules of which nothing would change are not among them. */
  readonly modules: readonly ModulePlan[];
}
