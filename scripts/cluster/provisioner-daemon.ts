import type { Daemon } from "./daemons.ts";
import { API_PORT, INSIDE } from "./settings.ts";

/** Makes and removes the folders behind volumes. Runs from a copy in the cluster's folder, for a checkout below /tmp is not seen inside. */
export const PROVISIONER: Daemon = {
  name: "provisioner",
  program: "node",
  args: [`${INSIDE}/provisioner.ts`, `https://127.0.0.1:${API_PORT}`, `${INSIDE}/pki`, "/var/lib/volumes"],
};
