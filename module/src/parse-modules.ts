import { type Document, LineCounter, parseAllDocuments } from "yaml";
import { checkSchema, moduleName } from "./check-module.ts";
import type { FieldPath } from "./field-path.ts";
import { type Finding, type Locate, toProblem } from "./finding.ts";
import type { Location, Problem } from "./problem.ts";
import type { Module } from "./schema/module.ts";
import { findOffset, readDocument } from "./yaml-document.ts";

/** A file of modules is written by hand; the API server takes no larger object either. */
const MAX_LENGTH = 1_500_000;
const MAX_DOCUMENTS = 10_000;

/** A file with modules. */
export interface ModuleFile {
  text: string;
  /** How messages name the file. */
  file: string;
}

/** What was read from one or more files. */
export interface ParsedModules {
  /** Modules whose form is right; `resolve` says whether they fit together. */
  modules: Module[];
  /** Those parts of broken modules that could be read; `resolve` takes them to find further problems. */
  drafts: Module[];
  problems: Problem[];
  /** Where a field of one of these modules is written; the nearest field above it if it is not written at all. */
  locate: Locate;
}

/** Reads the modules of one YAML text, which may have several documents. Reports every problem at once, and never throws. */
export function parseModules(text: string, file: string): ParsedModules {
  return parseModuleFiles([{ text, file }]);
}

/** Reads the modules of several files. */
export function parseModuleFiles(files: readonly ModuleFile[]): ParsedModules {
  const modules: Module[] = [];
  const drafts: Module[] = [];
  const problems: Problem[] = [];
  const locators = new Map<Module, (path: FieldPath) => Location>();
  for (const { text, file } of files) {
    for (const document of readDocuments(text, file, problems)) {
      const name = moduleName(document.value);
      const locate = (path: FieldPath): Location => document.locationOf(path);
      for (const { offset, ...finding } of document.findings) problems.push(toProblem(name, finding, document.locationAt(offset)));
      // What stands after broken syntax is not what its author meant.
      if (document.isBroken) continue;
      const { module, draft, findings } = checkSchema(document.value);
      problems.push(...findings.map((finding) => toProblem(name, finding, locate(finding.path))).sort(byPosition));
      const read = module ?? draft;
      if (read === undefined) continue;
      locators.set(read, locate);
      if (read === module && document.findings.length === 0) modules.push(read);
      else drafts.push(read);
    }
  }
  return { modules, drafts, problems, locate: (module, path) => locators.get(module)?.(path) };
}

function byPosition(left: Problem, right: Problem): number {
  return (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0);
}

interface ReadDocument {
  value: unknown;
  isBroken: boolean;
  findings: (Finding & { offset: number })[];
  locationOf(path: FieldPath): Location;
  locationAt(offset: number): Location;
}

function readDocuments(text: string, file: string, problems: Problem[]): ReadDocument[] {
  const refuse = (message: string, mend: string): ReadDocument[] => {
    problems.push({ module: "", path: "", value: "(none)", reason: "SchemaInvalid", message, mend, file, line: 1, column: 1 });
    return [];
  };
  if (text.length > MAX_LENGTH) return refuse(`the file is larger than ${MAX_LENGTH} characters`, "split it");
  const lines = new LineCounter();
  let documents: Document.Parsed[];
  try {
    // Duplicate keys are found while reading: the package compares each key with all others, which takes minutes on a hostile file.
    documents = [...parseAllDocuments(text, { lineCounter: lines, uniqueKeys: false, merge: false, prettyErrors: false, version: "1.2" })];
  } catch (error) {
    // The package recurses: a stack overflow on thousands of opening brackets ends here.
    return refuse(error instanceof RangeError ? "the YAML is nested too deeply" : "the YAML cannot be read", "make it flatter and simpler");
  }
  if (documents.length > MAX_DOCUMENTS) return refuse(`the file has more than ${MAX_DOCUMENTS} documents`, "split it");

  const locationAt = (offset: number): Location => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const read: ReadDocument[] = [];
  for (const document of documents) {
    const { value, findings } = readDocument(document);
    // Nothing between two separators, or after the last one.
    if (value === null && findings.length === 0) continue;
    read.push({
      value,
      findings,
      isBroken: document.errors.length > 0,
      locationAt,
      locationOf: (path) => locationAt(findOffset(document, path)),
    });
  }
  return read;
}
