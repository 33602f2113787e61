/** Names of a module's children: what pods, jobs and the operator must agree upon. */

/** ConfigMap with the module as it was accepted, and its neighbours. */
export const configMapName = (module: string): string => `${module}-module`;

/** Secret with the module's service role on the database. */
export const databaseSecretName = (module: string): string => `${module}-database`;

/** Secret with the role that owns the schema; only Jobs mount it. */
export const ownerSecretName = (module: string): string => `${module}-database-owner`;

/** Service without an address of its own: DNS gives the pods'. */
export const headlessServiceName = (module: string): string => `${module}-headless`;

/** Value of `app.kubernetes.io/name` on pods of Jobs: a Service of the module must not catch them. */
export const migrationName = (module: string): string => `${module}-migrate`;
