import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { RawHandler } from "@plinth/kernel/http";

/** The pages that the links of mails lead to. Their token is in the address, so nothing on them may lead elsewhere. */
export function accountPage(name: "verify-email" | "reset-password"): RawHandler {
  const page = readFileSync(new URL(`../../pages/${name}.html`, import.meta.url), "utf8");
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(page, "script")}'`,
    `style-src '${hashOf(page, "style")}'`,
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return (_request, response) => {
    response.setHeader("content-security-policy", policy);
    response.setHeader("cache-control", "no-store");
    response.type("html").send(page);
  };
}

/** What a Content-Security-Policy calls the one inline element of this kind. */
function hashOf(page: string, element: "script" | "style"): string {
  const content = page.slice(page.indexOf(`<${element}>`) + element.length + 2, page.indexOf(`</${element}>`));
  return `sha256-${createHash("sha256").update(content).digest("base64")}`;
}
