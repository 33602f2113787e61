import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** The comment above each declaration, by its full name: `plinth.blog.v1.Post.title`, `plinth.blog.v1.BlogService.GetPost`. */
export type Comments = ReadonlyMap<string, string>;

let loaded: Comments | undefined;

/**
 * The comments of all protos. Generated code has none, so they come from the descriptor set that `npm run generate` writes beside it; it is
 * read when documentation is first asked for. Where it is missing, the documentation is without words.
 */
export function protoComments(): Comments {
  loaded ??= readComments();
  return loaded;
}

function readComments(): Comments {
  let image: Uint8Array;
  try {
    image = readFileSync(fileURLToPath(import.meta.resolve("@plinth/proto/image.binpb")));
  } catch {
    return new Map();
  }
  const comments = new Map<string, string>();
  for (const file of fromBinary(FileDescriptorSetSchema, image).file) collect(file, comments);
  return comments;
}

function collect(file: FileDescriptorProto, comments: Map<string, string>): void {
  for (const { path, leadingComments } of file.sourceCodeInfo?.location ?? []) {
    if (leadingComments === "") continue;
    const name = nameAt(file, path);
    const text = leadingComments
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => !line.startsWith("buf:lint:"))
      .join("\n")
      .trim();
    if (name !== undefined && text !== "") comments.set(name, text);
  }
}

/** What is declared in a declaration, by the field number that a source path has for it. */
interface Declaration {
  readonly name: string;
  readonly [children: string]: unknown;
}

const IN_FILE: Readonly<Record<number, string>> = { 4: "messageType", 5: "enumType", 6: "service" };
const INSIDE: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  messageType: { 2: "field", 3: "nestedType", 4: "enumType" },
  nestedType: { 2: "field", 3: "nestedType", 4: "enumType" },
  enumType: { 2: "value" },
  service: { 2: "method" },
};

/** Source paths are pairs: which kind of child, and the how-manieth. */
function nameAt(file: FileDescriptorProto, path: readonly number[]): string | undefined {
  let name = file.package;
  let current: unknown = file;
  let children: Readonly<Record<number, string>> | undefined = IN_FILE;
  for (let at = 0; at < path.length; at += 2) {
    const kind: string | undefined = children?.[path[at] ?? -1];
    if (kind === undefined || at + 1 >= path.length) return undefined;
    const child: Declaration | undefined = (current as Record<string, Declaration[] | undefined>)[kind]?.[path[at + 1] ?? -1];
    if (child === undefined) return undefined;
    name = `${name}.${child.name}`;
    current = child;
    children = INSIDE[kind];
  }
  return path.length === 0 ? undefined : name;
}
