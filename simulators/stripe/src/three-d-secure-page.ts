import type { PaymentIntent } from "./account.ts";

/** Where a customer says yes or no to the bank; leads back to the shop. */
export function threeDSecurePage({ id, amount, currency, returnUrl }: PaymentIntent): string {
  const back = escaped(JSON.stringify(returnUrl ?? ""));
  return `<!doctype html><meta charset="utf-8"><title>3-D Secure</title>
<h1>Your bank asks: ${amount} ${escaped(currency.toUpperCase())}?</h1>
<button data-outcome="success">Complete</button> <button data-outcome="failure">Fail</button>
<script type="application/json" id="back">${back}</script>
<script>
for (const button of document.querySelectorAll("button")) button.onclick = async () => {
  await fetch("/simulator/3ds/${escaped(id)}", { method: "POST", body: JSON.stringify({ outcome: button.dataset.outcome }) });
  const back = JSON.parse(document.getElementById("back").textContent);
  if (/^https?:/.test(back)) location.href = back; else document.body.textContent = "Done.";
};
</script>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "\\u0026").replaceAll("<", "\\u003c").replaceAll(">", "\\u003e");
}
