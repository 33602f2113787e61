/** A directed graph over 0…n-1: `edges[node]` are the nodes it points to. Everything here is iterative: a chain of 10,000 modules is no reason to overflow. */
export type Edges = readonly (readonly number[])[];

/** For each node the number of its strongly connected component (Tarjan): two nodes have the same if and only if each reaches the other. */
export function stronglyConnected(edges: Edges): Int32Array {
  const count = edges.length;
  const component = new Int32Array(count).fill(-1);
  const index = new Int32Array(count).fill(-1);
  const low = new Int32Array(count);
  const nextEdge = new Int32Array(count);
  const open: number[] = [];
  const calls: number[] = [];
  let counter = 0;
  let components = 0;
  for (let start = 0; start < count; start++) {
    if (index[start] !== -1) continue;
    calls.push(start);
    while (calls.length > 0) {
      const node = calls.at(-1) ?? 0;
      if (index[node] === -1) {
        index[node] = low[node] = counter++;
        open.push(node);
      }
      const target = edges[node]?.[nextEdge[node] ?? 0];
      if (target !== undefined) {
        nextEdge[node] = (nextEdge[node] ?? 0) + 1;
        if (index[target] === -1) calls.push(target);
        else if (component[target] === -1) low[node] = Math.min(low[node] ?? 0, index[target] ?? 0);
        continue;
      }
      calls.pop();
      const caller = calls.at(-1);
      if (caller !== undefined) low[caller] = Math.min(low[caller] ?? 0, low[node] ?? 0);
      if (low[node] !== index[node]) continue;
      for (let member = open.pop(); member !== undefined; member = open.pop()) {
        component[member] = components;
        if (member === node) break;
      }
      components++;
    }
  }
  return component;
}

/** The nodes of a shortest cycle through a node, in order from it; undefined if there is none. Only nodes of its own component can be on it. */
function shortestCycle(edges: Edges, component: Int32Array, start: number): number[] | undefined {
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (let head = 0; head < queue.length; head++) {
    const node = queue[head] ?? start;
    for (const target of edges[node] ?? []) {
      if (target === start) {
        const cycle = [start];
        for (let step = node; step !== start; step = cameFrom.get(step) ?? start) cycle.push(step);
        return [start, ...cycle.slice(1).reverse()];
      }
      if (component[target] !== component[start] || cameFrom.has(target)) continue;
      cameFrom.set(target, node);
      queue.push(target);
    }
  }
  return undefined;
}

/** Finding a shortest cycle through every node of a large component would take the product of its nodes and edges. */
const MAX_SEARCHES_PER_COMPONENT = 50;

/** A cycle as seen from one of its nodes. */
export interface Cycle {
  /** The nodes of the cycle, each once; shared between all that see the same one. */
  nodes: readonly number[];
  /** Where in `nodes` the node itself is. For a node of a huge component the cycle may be one that it is not on; then 0. */
  start: number;
}

/** For every node on a cycle one such cycle, as short as possible. */
export function cyclesByNode(edges: Edges): Map<number, Cycle> {
  const component = stronglyConnected(edges);
  const searches = new Map<number, number>();
  const latest = new Map<number, readonly number[]>();
  const cycles = new Map<number, Cycle>();
  const sizes = new Map<number, number>();
  for (const id of component) sizes.set(id, (sizes.get(id) ?? 0) + 1);
  for (let node = 0; node < edges.length; node++) {
    const id = component[node] ?? -1;
    if (cycles.has(node) || (sizes.get(id) === 1 && !edges[node]?.includes(node))) continue;
    const searched = searches.get(id) ?? 0;
    if (searched >= MAX_SEARCHES_PER_COMPONENT) {
      cycles.set(node, { nodes: latest.get(id) ?? [], start: 0 });
      continue;
    }
    searches.set(id, searched + 1);
    const nodes = shortestCycle(edges, component, node) ?? [];
    latest.set(id, nodes);
    for (const [start, member] of nodes.entries()) if (!cycles.has(member)) cycles.set(member, { nodes, start });
  }
  return cycles;
}

/** Waves of a graph without cycles: each node comes in the first wave after all that it points to. */
export function waves(edges: Edges): number[][] {
  const missing = edges.map((targets) => targets.length);
  const dependents: number[][] = edges.map(() => []);
  for (const [node, targets] of edges.entries()) for (const target of targets) dependents[target]?.push(node);
  const result: number[][] = [];
  let wave = missing.flatMap((count, node) => (count === 0 ? [node] : []));
  while (wave.length > 0) {
    result.push(wave);
    const next: number[] = [];
    for (const node of wave) {
      for (const dependent of dependents[node] ?? []) {
        const left = (missing[dependent] ?? 0) - 1;
        missing[dependent] = left;
        if (left === 0) next.push(dependent);
      }
    }
    wave = next.sort((a, b) => a - b);
  }
  return result;
}
