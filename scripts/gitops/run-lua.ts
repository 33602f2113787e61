import fengari from "fengari";

const { lua, lauxlib, lualib, to_luastring } = fengari;

/** What a health check of Argo CD says of an object: it is given the object as `obj`, and returns a table of status and message. */
export function runHealthCheck(script: string, object: unknown): { status: string | null; message: string | null } {
  const state = lauxlib.luaL_newstate();
  lualib.luaL_openlibs(state);
  const source = `obj = ${luaLiteral(object)}\nlocal health = (function()\n${script}\nend)()\nreturn health.status, health.message`;
  const failed = lauxlib.luaL_loadstring(state, to_luastring(source)) || lua.lua_pcall(state, 0, 2, 0);
  if (failed !== lua.LUA_OK) throw new Error(`The health check failed: ${lua.lua_tojsstring(state, -1)}`);
  return { status: lua.lua_tojsstring(state, -2), message: lua.lua_tojsstring(state, -1) };
}

function luaLiteral(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(luaLiteral).join(", ")}}`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined && field !== null);
    return `{${fields.map(([name, field]) => `[${luaLiteral(name)}] = ${luaLiteral(field)}`).join(", ")}}`;
  }
  if (typeof value !== "string") return String(value);
  // Bytes by their decimal codes: right for every text.
  return `"${[...Buffer.from(value)].map((byte) => `\\${String(byte).padStart(3, "0")}`).join("")}"`;
}
