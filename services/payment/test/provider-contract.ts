import { randomUUID } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { type Authorization, type PaymentProvider, ProviderRefusal } from "../src/domain/provider.ts";

const anAuthorization = (change: Partial<Authorization> = {}): Authorization => ({
  intentId: "pay_1",
  tenantId: "default",
  reference: "ord_1",
  amount: 10_000n,
  currency: "EUR",
  methodToken: "pm_card_visa",
  returnUrl: "https://shop.example/back",
  ...change,
});

/** What holds for every provider. */
export function providerContract(name: string, provider: () => PaymentProvider): void {
  describe(name, () => {
    const authorized = () => provider().authorize(anAuthorization(), randomUUID());

    test("holds an amount", async () => {
      const state = await authorized();
      expect(state).toMatchObject({ status: "authorized", authorized: 10_000n, captured: 0n, refunds: [], severalCaptures: true });
      expect(await provider().read(state, state)).toEqual(state);
    });

    test("captures in parts, and lets go of the rest with the last one", async () => {
      const first = await provider().capture(await authorized(), 3000n, false, randomUUID());
      expect(first).toMatchObject({ status: "authorized", authorized: 10_000n, captured: 3000n });
      const second = await provider().capture(first, 2000n, true, randomUUID());
      expect(second).toMatchObject({ status: "captured", authorized: 5000n, captured: 5000n });
    });

    test("refuses to capture more than is held", async () => {
      const state = await authorized();
      await expect((async () => provider().capture(state, 10_001n, true, randomUUID()))()).rejects.toBeInstanceOf(ProviderRefusal);
    });

    test("lets go of all, or of what was not captured", async () => {
      expect(await provider().void(await authorized(), randomUUID())).toMatchObject({ status: "voided", authorized: 0n, captured: 0n });
      const captured = await provider().capture(await authorized(), 3000n, false, randomUUID());
      expect(await provider().void(captured, randomUUID())).toMatchObject({ status: "captured", authorized: 3000n, captured: 3000n });
    });

    test("refunds in parts, and names what each was asked by", async () => {
      const captured = await provider().capture(await authorized(), 10_000n, true, randomUUID());
      const first = await provider().refund(captured, 4000n, "pop_first");
      const second = await provider().refund(first, 6000n, "pop_second");
      expect(second.refunds).toMatchObject([
        { amount: 4000n, status: "succeeded", operationId: "pop_first" },
        { amount: 6000n, status: "succeeded", operationId: "pop_second" },
      ]);
      await expect((async () => provider().refund(second, 1n, randomUUID()))()).rejects.toBeInstanceOf(ProviderRefusal);
    });

    test("knows nothing of an operation that never arrived", async () => {
      expect(await provider().find(randomUUID(), new Date())).toBeUndefined();
    });
  });
}

export { anAuthorization };
