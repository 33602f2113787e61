import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type Node, type YAMLMap } from "yaml";
import type { FieldPath } from "./field-path.ts";
import type { Finding } from "./finding.ts";

/** Deeper than any module is; keeps the recursion short. */
const MAX_DEPTH = 80;
/** Nodes that one document may have once its aliases are followed: a few nested ones could stand for billions. */
const MAX_NODES = 200_000;
/** Each alias is looked up by a walk through the document. */
const MAX_ALIASES = 100;
const MAX_FINDINGS = 100;

/** A problem with the text itself, at an offset in it. */
export type TextFinding = Finding & { offset: number };

/**
 * Turns a document into plain JSON values, with all that is wrong with the YAML. Never throws. Of broken syntax only the first error is told: those
 * after it are its consequences.
 */
export function readDocument(document: Document.Parsed): { value: unknown; findings: TextFinding[] } {
  const findings: TextFinding[] = [];
  const report = (offset: number, path: FieldPath, message: string, mend: string): void => {
    if (findings.length < MAX_FINDINGS) findings.push({ reason: "SchemaInvalid", path, value: undefined, message, mend, offset });
  };
  const [broken] = document.errors;
  if (broken !== undefined) report(broken.pos[0], [], `the YAML cannot be read: ${broken.message}`, mendSyntax(broken.message));
  for (const warning of document.warnings) report(warning.pos[0], [], `the YAML is unclear: ${warning.message}`, "use plain YAML");

  let nodes = 0;
  let aliases = 0;
  const path: (string | number)[] = [];
  const following = new Set<Node>();

  const read = (node: unknown): unknown => {
    if (!isNode(node)) return node ?? null;
    const offset = node.range?.[0] ?? 0;
    if (++nodes > MAX_NODES) {
      if (nodes === MAX_NODES + 1)
        report(offset, [], `the document has more than ${MAX_NODES} values`, "take the aliases away, or split it");
      return null;
    }
    if (path.length > MAX_DEPTH) {
      report(offset, path.slice(0, 8), `is nested deeper than ${MAX_DEPTH} levels`, "make it flatter");
      return null;
    }
    if (isAlias(node)) {
      if (++aliases > MAX_ALIASES) {
        if (aliases === MAX_ALIASES + 1)
          report(offset, [...path], `the document follows more than ${MAX_ALIASES} aliases`, "write the values out");
        return null;
      }
      const target = node.resolve(document);
      if (target === undefined || following.has(target)) {
        report(offset, [...path], `the alias *${node.source.slice(0, 40)} leads nowhere`, "write the value out");
        return null;
      }
      following.add(target);
      const value = read(target);
      following.delete(target);
      return value;
    }
    if (isScalar(node)) return node.value ?? null;
    if (isSeq(node)) {
      const values: unknown[] = [];
      for (const [index, item] of node.items.entries()) {
        path.push(index);
        values.push(read(item));
        path.pop();
      }
      return values;
    }
    return isMap(node) ? readMap(node, offset) : null;
  };

  const readMap = (map: YAMLMap, offset: number): Record<string, unknown> => {
    const value: Record<string, unknown> = {};
    for (const pair of map.items) {
      const keyOffset = isNode(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      if (isNode(pair.key) && !isScalar(pair.key)) {
        report(keyOffset, [...path], "a field's name must be a text", "write a plain name before the colon");
        continue;
      }
      const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
      path.push(key);
      if (Object.hasOwn(value, key))
        report(keyOffset, [...path], `the field ${JSON.stringify(key.slice(0, 60))} is written twice`, "keep one of them");
      // An assignment to __proto__ would change the object's prototype; as a field of its own it is seen, and refused, by the schema's check.
      Object.defineProperty(value, key, { value: read(pair.value), enumerable: true, writable: true, configurable: true });
      path.pop();
    }
    return value;
  };

  return { value: read(document.contents), findings };
}

function mendSyntax(message: string): string {
  if (message.includes("flow-map-start")) return 'quote a text with braces in it, as in {path: "/api/v1/posts/{id}"}';
  if (/\btabs?\b/i.test(message)) return "indent with spaces";
  return "mend the YAML at this place";
}

/** The offset at which a field is written: its key, or the item of a list; the nearest one above it if it is not written at all. */
export function findOffset(document: Document.Parsed, path: FieldPath): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.findLast((item) => String(isScalar(item.key) ? item.key.value : item.key) === String(step));
      if (pair === undefined) return offset;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = startOf(node) ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
