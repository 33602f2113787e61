import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const TEMPLATES = join(import.meta.dirname, "../../templates");
const ENDING = ".tmpl";

/** A file to be written, by its path below the project. */
export interface ScaffoldFile {
  readonly path: string;
  readonly text: string;
}

/** What stands between `{{` and `}}` in the templates. */
export interface ServiceValues {
  readonly name: string;
  readonly Name: string;
  readonly package: string;
  readonly http: number;
  readonly grpc: number;
  readonly kernelVersion: string;
  readonly protoVersion: string;
}

/** All files of a new service. */
export function serviceFiles(values: ServiceValues): ScaffoldFile[] {
  const folder = join(TEMPLATES, "service");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(ENDING));
  const files = names.sort().map((name) => fromTemplate(join(folder, name), join("services", values.name, name), values));
  const proto = join("proto", "plinth", values.package, "v1", `${values.package}.proto`);
  return [...files, fromTemplate(join(TEMPLATES, `service.proto${ENDING}`), proto, values)];
}

function fromTemplate(template: string, path: string, values: ServiceValues): ScaffoldFile {
  const filled = (text: string): string =>
    text.replaceAll(/\{\{(\w+)\}\}/g, (_, key: string) => {
      const value = (values as unknown as Record<string, string | number | undefined>)[key];
      if (value === undefined) throw new Error(`The template ${template} asks for ${key}, which nobody gives.`);
      return String(value);
    });
  const target = path.endsWith(ENDING) ? path.slice(0, -ENDING.length) : path;
  return { path: filled(target), text: filled(readFileSync(template, "utf8")) };
}
