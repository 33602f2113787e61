import { conflict, validation } from "@plinth/kernel/base";
import { checkContents, type Template, type TemplateDraft } from "./template.ts";

/**
 * A tenant's first version. In the place of a built-in one it stays in that one's category: a mail about security must not become one
 * that can be switched off. Throws VALIDATION_ERROR.
 */
export function newTemplate(
  name: string,
  category: string,
  { description, contents }: TemplateDraft,
  builtIn: Template | undefined,
  now: Date,
): Template {
  if (builtIn !== undefined && builtIn.category !== category) {
    throw validation({ category: `must be "${builtIn.category}", as of the ${name} that comes with the service` });
  }
  return { name, category, description, version: 1, contents: checkContents(contents), builtIn: false, updatedAt: now };
}

/** Throws CONFLICT, reason ABORTED, when somebody was faster, and VALIDATION_ERROR. */
export function nextVersion(
  newest: Template,
  { description, contents }: Omit<TemplateDraft, "description"> & { readonly description: string | undefined },
  expectedVersion: number | undefined,
  now: Date,
): Template {
  if (expectedVersion !== undefined && expectedVersion !== newest.version) {
    throw conflict(`${newest.name} has version ${newest.version} by now, not ${expectedVersion}; look at it and change it again.`, {
      reason: "ABORTED",
      metadata: { version: String(newest.version) },
    });
  }
  return {
    ...newest,
    description: description ?? newest.description,
    contents: checkContents(contents),
    version: newest.version + 1,
    updatedAt: now,
  };
}
