import { conflict } from "@plinth/kernel/base";
import { listPage, onUniqueViolation, type RememberedReads, type Statement, type Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import { type Template, type TemplateContent, type TemplateStore, templateNotFound } from "../domain/template.ts";

/** What comes with the service, by name. */
export type BuiltInTemplates = ReadonlyMap<string, Template>;

interface TemplateRow extends Record<string, unknown> {
  readonly name: string;
  readonly version: number;
  readonly category: string;
  readonly description: string;
  readonly contents: readonly TemplateContent[];
  readonly updated_at: Date;
}

const COLUMNS = "name, version, category, description, contents, updated_at";

/** Templates in Postgres, in one transaction, and the built-in ones behind them. */
export function templateStore(
  tx: Transaction,
  builtIn: BuiltInTemplates,
  outlets: Pick<Service<unknown>, "audit">,
  remembered: Pick<RememberedReads, "read">,
): TemplateStore {
  const findOwn = async (name: string, version?: number, reading: Statement = tx): Promise<Template | undefined> => {
    const [row] = await reading.query<TemplateRow>(
      `select ${COLUMNS} from templates where tenant_id = $1 and name = $2 and ($3::int is null or version = $3::int) order by version desc limit 1`,
      [reading.tenantId, name, version ?? null],
    );
    return row && templateOf(row);
  };
  const insert = async ({ name, version, category, description, contents, updatedAt }: Template): Promise<void> => {
    await tx.query(`insert into templates (tenant_id, ${COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7)`, [
      tx.tenantId,
      name,
      version,
      category,
      description,
      JSON.stringify(contents),
      updatedAt,
    ]);
  };
  const audit = (act: string, name: string, version: number): Promise<void> =>
    outlets.audit(tx, {
      action: `template.${act}`,
      resource: "template",
      resourceId: name,
      outcome: "success",
      metadata: { version: String(version) },
    });
  const getOwn = async (name: string): Promise<Template> => {
    const own = await findOwn(name);
    if (own !== undefined) return own;
    if (!builtIn.has(name)) throw templateNotFound(name);
    throw conflict(`${name} comes with the service and stays as it is; make a template of that name to use in its place.`, {
      reason: "TEMPLATE_BUILT_IN",
      metadata: { name },
    });
  };

  /** One that is neither there nor built in is not kept: there is no end to such names. */
  const findNewest = async (name: string): Promise<Template | undefined> => {
    const found = await remembered.read<Template>([name], async (reading) => {
      const newest = (await findOwn(name, undefined, reading)) ?? builtIn.get(name);
      return new Map(newest === undefined ? [] : [[name, newest]]);
    });
    return found.get(name);
  };

  return {
    async findTemplate(name, version) {
      if (version === undefined) return findNewest(name);
      const own = await findOwn(name, version);
      if (own !== undefined) return own;
      const template = builtIn.get(name);
      return template?.version === version ? template : undefined;
    },

    findBuiltIn: (name) => builtIn.get(name),

    async listTemplates(page) {
      const names = await listPage<{ name: string }>(tx, {
        sql: 'select name collate "C" as name from templates where tenant_id = $1 union select name collate "C" from unnest($2::text[]) as built_in (name)',
        parameters: [tx.tenantId, [...builtIn.keys()]],
        order: [{ by: "name", direction: "asc" }],
        page,
      });
      const rows = await tx.query<TemplateRow>(
        `select distinct on (name) ${COLUMNS} from templates where tenant_id = $1 and name = any($2) order by name, version desc`,
        [tx.tenantId, names.items.map(({ name }) => name)],
      );
      const own = new Map(rows.map((row) => [row.name, templateOf(row)]));
      const items = names.items.map(({ name }) => own.get(name) ?? builtIn.get(name)).filter((template) => template !== undefined);
      return { items, nextPageToken: names.nextPageToken };
    },

    async listVersions(name, page) {
      const { items, nextPageToken } = await listPage<TemplateRow>(tx, {
        sql: `select ${COLUMNS} from templates where tenant_id = $1 and name = $2`,
        parameters: [tx.tenantId, name],
        order: [{ by: "version", direction: "desc" }],
        page,
      });
      const template = builtIn.get(name);
      if (items.length > 0 || page.token !== "") return { items: items.map(templateOf), nextPageToken };
      if (template === undefined) throw templateNotFound(name);
      return { items: [template], nextPageToken: "" };
    },

    async insert(template) {
      await insert(template).catch((error: unknown) => {
        throw onUniqueViolation(error, () =>
          conflict(`There is a template ${template.name} already; update it, or choose another name.`, {
            reason: "TEMPLATE_EXISTS",
            metadata: { name: template.name },
          }),
        );
      });
      await audit("created", template.name, template.version);
    },

    async change(name, decide) {
      await lockName(tx, name);
      const next = decide(await getOwn(name));
      await insert(next);
      await audit("updated", name, next.version);
      return next;
    },

    async remove(name) {
      await lockName(tx, name);
      const { version } = await getOwn(name);
      await tx.query("delete from templates where tenant_id = $1 and name = $2", [tx.tenantId, name]);
      await audit("deleted", name, version);
    },
  };
}

/** Two who make the next version at once do so one after the other. */
async function lockName(tx: Transaction, name: string): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`template ${tx.tenantId} ${name}`]);
}

function templateOf({ name, version, category, description, contents, updated_at: updatedAt }: TemplateRow): Template {
  return { name, version, category, description, contents, builtIn: false, updatedAt };
}
