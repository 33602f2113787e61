import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ImportProductsResponseSchema } from "@plinth/proto/catalog/v1/catalog_pb";
import type { ImportReport } from "../domain/import/import-products.ts";

/** More would be an answer that nobody reads. */
const TOLD_FAULTS = 1000;
const VALUE_CHARACTERS = 100;

export function importMessage(report: ImportReport, dryRun: boolean): MessageInitShape<typeof ImportProductsResponseSchema> {
  const { rows, created, updated, unchanged, skipped, faults } = report;
  return {
    rows,
    productsCreated: created,
    productsUpdated: updated,
    productsUnchanged: unchanged,
    rowsSkipped: skipped,
    errors: faults.slice(0, TOLD_FAULTS).map(({ value, ...fault }) => ({ ...fault, value: shortened(value) })),
    errorCount: faults.length,
    dryRun,
  };
}

function shortened(value: string): string {
  return value.slice(0, VALUE_CHARACTERS).toWellFormed();
}
