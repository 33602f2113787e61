/** As much of a JSON Schema as the schema of a Module has. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly format?: string;
  readonly "x-mend"?: string;
  readonly "x-kubernetes-validations"?: readonly { readonly message: string }[];
}

/** A row for each field below `node`, in the order of the schema: a list's entries are `[]`. */
export function fieldTable(node: SchemaNode, path: string): string {
  return ["| field | type | what it says |", "| --- | --- | --- |", ...rows(node, path)].join("\n");
}

/** The rules between fields, which the API server checks as well. */
export function rulesBelow(node: SchemaNode, path = ""): string[] {
  const own = (node["x-kubernetes-validations"] ?? []).map(({ message }) => `- ${path === "" ? "" : `\`${path}\`: `}${message}`);
  const children = Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    rulesBelow(child, path === "" ? name : `${path}.${name}`),
  );
  return [...own, ...children, ...(node.items === undefined ? [] : rulesBelow(node.items, `${path}[]`))];
}

function rows(node: SchemaNode, path: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const at = path === "" ? name : `${path}.${name}`;
    return [
      row(at, child, node.required?.includes(name) ?? false),
      ...rows(child, at),
      ...(child.items === undefined ? [] : rows(child.items, `${at}[]`)),
    ];
  });
}

function row(path: string, node: SchemaNode, isRequired: boolean): string {
  const said = [sentence(node.description ?? node.items?.description ?? ""), sentence(formOf(node)), standard(node)].filter(
    (text) => text !== "",
  );
  return `| \`${path}\`${isRequired ? " \\*" : ""} | ${typeOf(node)} | ${escaped(said.join(" "))} |`;
}

function typeOf({ type, items, enum: values, additionalProperties }: SchemaNode): string {
  if (items !== undefined) return `list of ${typeOf(items)}s`;
  if (values !== undefined) return "choice";
  if (typeof additionalProperties === "object") return "map of texts";
  const named: Readonly<Record<string, string>> = { string: "text", integer: "whole number", boolean: "true or false" };
  return [type ?? "anything"]
    .flat()
    .map((one) => named[one] ?? one)
    .join(" or ");
}

/** What values may be: the choices, the limits, or what is said to whoever writes another one. */
function formOf(node: SchemaNode): string {
  const { minimum, maximum, format } = node;
  const choices = node.enum ?? node.items?.enum;
  if (choices !== undefined) return choices.map((value) => `\`${String(value)}\``).join(", ");
  const mend = node["x-mend"] ?? node.items?.["x-mend"];
  if (mend !== undefined) return mend;
  if (minimum !== undefined && maximum !== undefined) return `from ${minimum} to ${maximum}`;
  return format === "date-time" ? "a time" : "";
}

function standard({ default: value }: SchemaNode): string {
  return value === undefined ? "" : `\`${String(value)}\` if left out.`;
}

function sentence(text: string): string {
  if (text === "") return "";
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?:]$/.test(text) ? "" : "."}`;
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
