import { API_GROUP, API_VERSION, Module, PHASES, REASONS } from "@plinth/module";
import { CONDITION_TYPES, REASON } from "../module/status/condition-types.ts";
import { fieldTable, rulesBelow, type SchemaNode } from "./field-table.ts";
import { CONDITION_MEANINGS, CONDITION_REASON_MEANINGS, PHASE_MEANINGS, REFUSAL_MEANINGS } from "./meanings.ts";

const HEAD = `# The Module resource

<!-- Generated from the schema in module/src/schema by scripts/generate-module-reference.ts: do not edit. -->

\`apiVersion: ${API_GROUP}/${API_VERSION}\`, \`kind: Module\`, namespaced; \`kubectl get mod\`. A service's file is \`services/<name>/module.yaml\`, and is applied as
it stands. Fields with \\* are required. Unknown fields are refused. \`plinth validate\` tells everything that is wrong with a file, \`plinth plan\` what
applying it would do.
`;

/** The reference of the Module resource as Markdown. */
export function moduleReference(): string {
  const { metadata, spec, status } = Module.properties as unknown as Record<"metadata" | "spec" | "status", SchemaNode>;
  const { name, labels, annotations } = metadata.properties ?? {};
  const written: SchemaNode = {
    properties: { ...(name && { name }), ...(labels && { labels }), ...(annotations && { annotations }) },
    required: ["name"],
  };
  return [
    HEAD,
    section("metadata", fieldTable(written, "metadata")),
    section("spec", fieldTable(spec, "spec")),
    section(
      "Rules between fields",
      "The API server refuses what breaks one of them at once.",
      rulesBelow(Module as unknown as SchemaNode).join("\n"),
    ),
    section(
      "Annotations and labels",
      table(
        ["key", "what it does"],
        [
          ["`plinth.dev/allow-downgrade`", '`"true"`: a module with a database may go to a lower version.'],
          ["`plinth.dev/force-delete`", '`"true"`: the module is deleted although others need it.'],
          ["`plinth.dev/rotate-database`", "Any new value: the passwords of its roles on Postgres are made anew."],
          [
            "`plinth.dev/suspend` on a Namespace",
            'Label, `"true"`: the operator leaves all of the namespace alone, but for deleted Modules.',
          ],
        ],
      ),
    ),
    section("status", "Written by the operator. Nothing in it changes without a cause.", fieldTable(status, "status")),
    section(
      "Phases",
      table(
        ["phase", "what it means"],
        PHASES.map((phase) => [`\`${phase}\``, PHASE_MEANINGS[phase]]),
      ),
    ),
    section(
      "Conditions",
      "All of them are there from the first status on, `Unknown` where nothing is known.",
      table(
        ["type", "what True means"],
        CONDITION_TYPES.map((type) => [`\`${type}\``, CONDITION_MEANINGS[type]]),
      ),
    ),
    section(
      "Reasons of conditions",
      "Beside those for which a module is refused.",
      table(
        ["reason", "what it means"],
        entries(REASON).map(([key, reason]) => [`\`${reason}\``, CONDITION_REASON_MEANINGS[key]]),
      ),
    ),
    section(
      "Why a module is refused",
      "All problems are told at once: by `plinth validate`, when it is applied, in the condition's message, in `status.problems` and as an event. Each names the\n" +
        "module, the field, the value and what to do. What runs already is never disturbed; when the cause goes away the module goes on by itself.",
      table(
        ["reason", "when"],
        REASONS.map((reason) => [`\`${reason}\``, REFUSAL_MEANINGS[reason]]),
      ),
    ),
  ].join("\n");
}

function section(title: string, ...parts: readonly string[]): string {
  return [`## ${title}`, "", parts.join("\n\n"), ""].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function entries<Key extends string>(record: Readonly<Record<Key, string>>): [Key, string][] {
  return Object.entries(record) as [Key, string][];
}
