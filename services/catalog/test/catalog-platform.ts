import { type ServiceHarness, startHarness } from "@plinth/kernel/testing";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { CatalogService } from "@plinth/proto/catalog/v1/catalog_pb";
import { Pool } from "pg";
import authz from "../../authz/src/index.ts";
import catalog from "../src/index.ts";

/** The service with a category, somebody who looks after it, and a look at its tables past it. */
export interface CatalogPlatform {
  readonly harness: ServiceHarness;
  /** A category of the tenant "default". */
  readonly categoryId: string;
  /** A catalog-manager of the tenant, by RPC. */
  manager(tenantId?: string): ReturnType<typeof clientOf>;
  /** Nobody who is signed in. */
  shopper(tenantId?: string): ReturnType<typeof clientOf>;
  /** A signed-in user without a role. */
  customer(): ReturnType<typeof clientOf>;
  /** A manager of the tenant, by REST. */
  rest(method: string, path: string, request?: RestRequest): Promise<Response>;
  /** As the schema's superuser: every tenant's rows. */
  sql<Row = Record<string, unknown>>(text: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** What was written for other modules about a product or category; the relay may have moved it from the outbox to the bus. */
  events(id: string): Promise<{ type: string; data: Record<string, unknown> }[]>;
  stop(): Promise<void>;
}

export interface RestRequest {
  readonly body?: string | Uint8Array;
  readonly headers?: Record<string, string>;
  readonly tenantId?: string;
  /** True: as nobody. */
  readonly anonymous?: boolean;
}

const BOOTSTRAP = "only the first may have it";

const clientOf = (harness: ServiceHarness, caller: Parameters<ServiceHarness["client"]>[2]) =>
  harness.client("catalog", CatalogService, caller);

const EVENTS = `
select envelope from (select envelope from catalog.outbox union all select envelope from plinth_bus.log) sent
where envelope->>'topic' like 'catalog.%' and $1 in (envelope->'data'->>'productId', envelope->'data'->>'categoryId')
order by envelope->>'eventId'`;

export async function startCatalogPlatform(): Promise<CatalogPlatform> {
  const harness = await startHarness({ services: [authz, catalog], env: { AUTHZ_BOOTSTRAP_TOKEN: BOOTSTRAP } });
  const asIdentity = harness.client("authz", AuthzService, { module: "identity" });
  await asIdentity.claimBootstrap({ userId: "user_admin", bootstrapToken: BOOTSTRAP });
  await harness
    .client("authz", AuthzService, { user: { id: "user_admin" } })
    .assignRole({ userId: "user_manager", role: "catalog-manager" });
  const admin = new Pool({ connectionString: harness.adminUrl, max: 4 });
  const manager = (tenantId = "default") => clientOf(harness, { user: { id: "user_manager", tenantId } });
  const { id: categoryId } = await manager().createCategory({ name: "Clothing" });
  const sql = async <Row>(text: string, parameters: readonly unknown[] = []) => (await admin.query(text, [...parameters])).rows as Row[];
  return {
    harness,
    categoryId,
    manager,
    shopper: (tenantId = "default") => clientOf(harness, { tenantId }),
    customer: () => clientOf(harness, { user: { id: "user_customer" } }),
    async rest(method, path, { body, headers = {}, tenantId = "default", anonymous = false } = {}) {
      const service = { "x-service-token": await harness.serviceToken("gateway", "catalog"), "x-tenant-id": tenantId };
      const user = anonymous ? {} : { authorization: `Bearer ${harness.userToken({ id: "user_manager", tenantId })}` };
      return fetch(`${harness.httpUrl("catalog")}${path}`, {
        method,
        headers: { ...service, ...user, ...headers },
        ...(body !== undefined && { body }),
      });
    },
    sql,
    async events(id) {
      const rows = await sql<{ envelope: { type: string; data: Record<string, unknown> } }>(EVENTS, [id]);
      return rows.map(({ envelope: { type, data } }) => ({ type, data }));
    },
    async stop() {
      await admin.end();
      await harness.stop();
    },
  };
}
