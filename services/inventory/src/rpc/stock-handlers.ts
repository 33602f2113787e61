import type { Handlers } from "@plinth/kernel/rpc";
import type { CheckStockRequest, InventoryService } from "@plinth/proto/inventory/v1/inventory_pb";
import type { StockQuestion } from "../domain/stock.ts";
import type { StockStore } from "../domain/stock-store.ts";
import { ADJUST_REASON, MOVEMENT_KIND, wordOf } from "../messages/enums.ts";
import { itemMessage, levelMessage, movementMessage, stockCheckMessage } from "../messages/stock-message.ts";

type StockHandlers = Pick<
  Handlers<typeof InventoryService>,
  "setItem" | "checkStock" | "checkStocks" | "listLevels" | "receive" | "adjust" | "listMovements"
>;

export function stockHandlers(stock: StockStore): StockHandlers {
  return {
    async setItem({ sku, productId, lowStockThreshold = null }) {
      const item = { sku, productId, lowStockThreshold };
      await stock.setItem(item);
      return itemMessage(item);
    },

    async checkStock(request) {
      const [answer] = await stock.checkStocks([questionOf(request)]);
      return answer ? stockCheckMessage(answer) : {};
    },

    async checkStocks({ items }) {
      return { items: (await stock.checkStocks(items.map(questionOf))).map(stockCheckMessage) };
    },

    async listLevels({ sku, warehouseId, onlyLow, pageSize, pageToken }) {
      const page = await stock.listLevels({ sku, warehouseId, onlyLow }, { size: pageSize, token: pageToken });
      return { levels: page.items.map(levelMessage), nextPageToken: page.nextPageToken };
    },

    async receive({ warehouseId, reference, lines }) {
      const levels = await stock.change({ kind: "receive", warehouseId, lines, reference, reason: "", note: "" });
      return { levels: levels.map(levelMessage) };
    },

    async adjust({ warehouseId, reason, note, lines }) {
      const differences = lines.map(({ sku, difference }) => ({ sku, quantity: difference }));
      const change = {
        kind: "adjust",
        warehouseId,
        lines: differences,
        reference: "",
        reason: wordOf(ADJUST_REASON, reason) ?? "",
        note,
      } as const;
      return { levels: (await stock.change(change)).map(levelMessage) };
    },

    async listMovements({ sku, warehouseId, reference, kind, pageSize, pageToken }) {
      const filter = { sku, warehouseId, reference, kind: wordOf(MOVEMENT_KIND, kind) };
      const page = await stock.listMovements(filter, { size: pageSize, token: pageToken });
      return { movements: page.items.map(movementMessage), nextPageToken: page.nextPageToken };
    },
  };
}

function questionOf({ productId, sku, warehouseId, quantity }: CheckStockRequest): StockQuestion {
  return { productId, sku, warehouseId, quantity: quantity === 0n ? 1n : quantity };
}
