/** Where a pod finds what it was given. */

/** The API server's credentials, where every in-cluster client looks for them. */
export const API_ACCESS_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
/** `<callee>`: a token whose audience is that module. */
export const TOKENS_PATH = "/var/run/plinth/tokens";
/** `<NAME>`: a secret by the name under which the service reads it. */
export const SECRETS_PATH = "/var/run/plinth/secrets";
/** `url`: Postgres in the service role; Jobs also find `username` and `password`. */
export const DATABASE_PATH = "/var/run/plinth/database";
/** `url`: Postgres in the role that owns the schema. Jobs only. */
export const OWNER_PATH = "/var/run/plinth/database-owner";
/** `url`: Postgres in the administrator's role. The step that makes roles and schema only. */
export const ADMINISTRATOR_PATH = "/var/run/plinth/database-administrator";
/** What a module keeps in files of its own; gone with the pod. */
export const DATA_PATH = "/var/lib/plinth";
