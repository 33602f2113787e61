import { validation } from "@plinth/kernel/base";
import { isPrivateAddress } from "./private-address.ts";

/** Throws VALIDATION_ERROR for a URL that webhooks do not go to. Names are looked up later, when a connection is made. */
export function checkWebhookUrl(text: string, allowPrivate: boolean, field = "recipient.webhook_url"): URL {
  const refuse = (problem: string): never => {
    throw validation({ [field]: problem });
  };
  if (!URL.canParse(text)) return refuse("is no URL");
  const url = new URL(text);
  if (url.protocol !== "https:" && !(allowPrivate && url.protocol === "http:")) return refuse("must begin with https://");
  if (url.username !== "" || url.password !== "") return refuse("must not hold a user name or a password");
  if (!allowPrivate && isPrivateAddress(hostOf(url))) return refuse("is an address of a private network; webhooks go to public ones only");
  return url;
}

/** The host as sockets take it: IPv6 without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}
