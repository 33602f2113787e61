import { defineService } from "@plinth/kernel/service";
import { InventoryService } from "@plinth/proto/inventory/v1/inventory_pb";
import { reservationHandlers } from "./rpc/reservation-handlers.ts";
import { stockHandlers } from "./rpc/stock-handlers.ts";
import { warehouseHandlers } from "./rpc/warehouse-handlers.ts";
import { WarehouseEntity } from "./store/entities.ts";
import { stockMover } from "./store/move-stock.ts";
import { PostgresReservationStore } from "./store/reservation-store.ts";
import { StockEvents } from "./store/stock-events.ts";
import { PostgresStockStore } from "./store/stock-store.ts";
import { PostgresWarehouseStore } from "./store/warehouse-store.ts";

interface InventoryConfig {
  /** A SKU that says nothing else is low in a warehouse when no more than this is available. */
  readonly lowStockThreshold: number;
}

export default defineService<InventoryConfig>(
  import.meta.url,
  (service) => {
    const lowStockThreshold = () => BigInt(service.config.value.lowStockThreshold);
    const events = new StockEvents(service, lowStockThreshold);
    const moveStock = stockMover(events);
    const warehouses = new PostgresWarehouseStore(service.database, service);
    const stock = new PostgresStockStore(service.database, moveStock, service, lowStockThreshold);
    const reservations = new PostgresReservationStore(service.database, moveStock, events);

    service.rpc(InventoryService, { ...warehouseHandlers(warehouses), ...stockHandlers(stock), ...reservationHandlers(reservations) });
    // Expired reservations hold nothing from the moment they expire; this writes it into the ledger.
    service.cron("expire-reservations", "* * * * *", async () => {
      await reservations.expire();
    });
  },
  { entities: [WarehouseEntity] },
);
