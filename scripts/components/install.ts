import { CATALOGUE } from "./catalogue.ts";
import { installDebian } from "./debian.ts";
import { installGo } from "./go.ts";

/** Installs a component unless it is there, and returns the environment variables that name its programs. */
export async function installComponent(name: string): Promise<Readonly<Record<string, string>>> {
  const component = Object.hasOwn(CATALOGUE, name) ? CATALOGUE[name] : undefined;
  if (component === undefined) throw new Error(`There is no component ${name}. Known: ${Object.keys(CATALOGUE).join(", ")}.`);
  if (component.kind === "go") return installGo(name, component);
  if (component.kind === "debian") return installDebian(name, component);
  const variables: Record<string, string> = {};
  for (const part of component.components) Object.assign(variables, await installComponent(part));
  return variables;
}
