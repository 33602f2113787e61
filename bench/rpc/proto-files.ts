import { join } from "node:path";

/** For peers that read `.proto` files at run time, with the options that their documentation shows. */
const proto = join(import.meta.dirname, "../../proto");

export const ECHO_PROTO = join(proto, "plinth/testing/v1/echo.proto");
export const LOADER_OPTIONS = {
  includeDirs: [proto, join(proto, "third_party")],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
};
