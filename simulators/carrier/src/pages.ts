import type { Shipment, Tracker } from "./account.ts";

/** A label to print: who gets it, and how it goes. */
export function labelImage({ to, from, selectedRate }: Shipment, tracker: Tracker): string {
  const lines = [
    `${selectedRate?.carrier} ${selectedRate?.service}`,
    ...[`From: ${from.name || from.company}`, `${from.zip} ${from.city}, ${from.country}`],
    ...["", "To:", to.name, to.company, to.street1, to.street2, `${to.zip} ${to.city}`, `${to.state} ${to.country}`],
    ...["", tracker.trackingCode],
  ];
  const text = lines.map((line = "", index) => `<text x="20" y="${40 + index * 28}">${escaped(line)}</text>`).join("");
  const bars = [...tracker.trackingCode].map(
    (digit, index) => `<rect x="${20 + index * 15}" y="430" width="${3 + Number(digit)}" height="90"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="560" font-family="monospace" font-size="18">
<rect width="400" height="560" fill="white" stroke="black"/>${text}${bars.join("")}</svg>`;
}

/** Where a customer follows a parcel. */
export function trackingPage({ trackingCode, carrier, status, details }: Tracker): string {
  const rows = details.toReversed().map(({ datetime, message }) => `<li>${escaped(datetime)}: ${escaped(message)}</li>`);
  return `<!doctype html><meta charset="utf-8"><title>${escaped(trackingCode)}</title>
<h1>${escaped(carrier)} ${escaped(trackingCode)}</h1><p>${escaped(status.replaceAll("_", " "))}</p><ul>${rows.join("")}</ul>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
