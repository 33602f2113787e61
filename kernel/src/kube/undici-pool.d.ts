/** The one file of undici that is needed: the whole package takes up to 14 MB more, and 45 ms of CPU at each start. */
declare module "undici/lib/dispatcher/pool.js" {
  export { Pool as default } from "undici";
}
