import { run, succeeds } from "./run.ts";
import { initOf, runInside } from "./sandbox.ts";
import type { Cluster } from "./settings.ts";
import type { State } from "./state.ts";
import { enableForwarding } from "./sysctls.ts";

/**
 * Connects the cluster to the host by one virtual cable, and through the host to the world. From elsewhere nobody gets in: the host forwards
 * only answers. The host itself reaches pods and Services by their addresses.
 */
export function connect(cluster: Cluster, state: State): void {
  if (!succeeds("ip", ["link", "show", cluster.link])) {
    run("ip", ["link", "add", cluster.link, "type", "veth", "peer", "name", "eth0", "netns", initOf(state)]);
  }
  run("ip", ["address", "replace", `${cluster.hostAddress}/24`, "dev", cluster.link]);
  run("ip", ["link", "set", cluster.link, "up"]);
  runInside(state, ["ip", "address", "replace", `${cluster.nodeAddress}/24`, "dev", "eth0"]);
  runInside(state, ["ip", "link", "set", "eth0", "up"]);
  runInside(state, ["ip", "route", "replace", "default", "via", cluster.hostAddress]);
  for (const cidr of [cluster.podCidr, cluster.serviceCidr]) {
    // Without this route the cluster works as well; a host that has one for these addresses already keeps it.
    succeeds("ip", ["route", "add", cidr, "via", cluster.nodeAddress, "dev", cluster.link]);
  }
  runInside(state, ["/bin/sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
  enableForwarding();
  for (const { table, chain, rule } of rulesOf(cluster)) {
    if (!succeeds("iptables", ["-w", "-t", table, "-C", chain, ...rule])) run("iptables", ["-w", "-t", table, "-I", chain, ...rule]);
  }
}

/** Takes back what `connect` did, as often as it was done. */
export function disconnect(cluster: Cluster): void {
  for (const { table, chain, rule } of rulesOf(cluster)) {
    while (succeeds("iptables", ["-w", "-t", table, "-D", chain, ...rule]));
  }
  if (succeeds("ip", ["link", "show", cluster.link])) run("ip", ["link", "delete", cluster.link]);
}

/** Each is put at the head of its chain, so that the last one comes first. */
function rulesOf(cluster: Cluster): { table: string; chain: string; rule: string[] }[] {
  const comment = ["-m", "comment", "--comment", `plinth cluster ${cluster.number}`];
  return [
    { table: "filter", chain: "FORWARD", rule: ["-o", cluster.link, ...comment, "-j", "DROP"] },
    {
      table: "filter",
      chain: "FORWARD",
      rule: ["-o", cluster.link, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", ...comment, "-j", "ACCEPT"],
    },
    { table: "filter", chain: "FORWARD", rule: ["-i", cluster.link, ...comment, "-j", "ACCEPT"] },
    { table: "nat", chain: "POSTROUTING", rule: ["-s", cluster.linkCidr, "!", "-o", cluster.link, ...comment, "-j", "MASQUERADE"] },
  ];
}
