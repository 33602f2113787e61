import { createHash } from "node:crypto";
import type { RawHandler } from "@plinth/kernel/http";
import type { CategoryStore } from "../domain/category-store.ts";
import { drawPicture } from "../domain/picture/picture.ts";
import type { ProductStore } from "../domain/product-store.ts";
import type { ProductAccess } from "./product-access.ts";

/** The drawn picture of a product. It changes with the names of product and category only. */
export function pictureHandler(products: ProductStore, categories: CategoryStore, access: ProductAccess): RawHandler {
  return async (request, response, context) => {
    const wanted = String(request.params.id);
    const { id, name, categoryId, status } = await access.visible(await products.findProduct({ by: "id", value: wanted }), wanted, context);
    const category = await categories.findCategory(categoryId);
    const picture = drawPicture({ id, name, category: category?.name ?? "" });
    response.set("etag", `"${createHash("sha256").update(picture).digest("base64url").slice(0, 22)}"`);
    response.set("cache-control", status === "published" ? "public, max-age=300" : "private, no-cache");
    // Whoever opens it as a page: nothing in it runs.
    response.set("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
    if (request.fresh) response.status(304).end();
    else response.type("image/svg+xml").send(picture);
  };
}
