/** No service token lives longer, whoever made it: a stolen one is soon worthless. */
export const MAX_TOKEN_LIFE_MS = 5 * 60_000;

/** A token is used for this share of its life, so that none expires on its way. */
export const USED_SHARE = 4 / 5;

/** The issuer claim of service tokens made with a module's own key. */
export const SERVICE_TOKEN_ISSUER = "plinth.dev/modules";
