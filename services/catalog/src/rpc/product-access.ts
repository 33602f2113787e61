import { forbidden, type RequestContext, unauthorized } from "@plinth/kernel/base";
import type { Client } from "@plinth/kernel/client";
import type { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { permissions } from "@plinth/proto/permissions";
import { type Product, productNotFound } from "../domain/product.ts";

/** Hides drafts from those who do not work on them. */
export interface ProductAccess {
  /** The product; a draft that may not be seen is NOT_FOUND like one that is not there. `wanted` is what was asked for. */
  visible(product: Product | undefined, wanted: string, context: RequestContext): Promise<Product>;
  /** Those that may be seen. */
  visibleOf(products: readonly Product[], context: RequestContext): Promise<readonly Product[]>;
  /** Throws UNAUTHORIZED for nobody; FORBIDDEN, reason PERMISSION_DENIED. */
  checkSeesDrafts(context: RequestContext): Promise<void>;
}

const PERMISSION = permissions.catalog.product.update;

export function productAccess(authz: Client<typeof AuthzService>): ProductAccess {
  const seesDrafts = async ({ user }: RequestContext) =>
    user !== undefined && (await authz.hasPermission({ userId: user.id, permission: PERMISSION })).allowed;
  return {
    async visible(product, wanted, context) {
      if (product === undefined || (product.status === "draft" && !(await seesDrafts(context)))) throw productNotFound(wanted);
      return product;
    },

    async visibleOf(products, context) {
      const isPublished = ({ status }: Product) => status === "published";
      return products.every(isPublished) || (await seesDrafts(context)) ? products : products.filter(isPublished);
    },

    async checkSeesDrafts(context) {
      if (context.user === undefined) throw unauthorized("Sign in first: drafts are not for everyone.", { reason: "MISSING_TOKEN" });
      if (await seesDrafts(context)) return;
      throw forbidden(`Drafts take the permission ${PERMISSION}.`, { reason: "PERMISSION_DENIED", metadata: { permission: PERMISSION } });
    },
  };
}
