/** The part of fengari, a Lua 5.3 in JavaScript, that the test of Argo CD's health check uses. */
declare module "fengari" {
  interface LuaState {
    readonly isLuaState: true;
  }
  interface Fengari {
    readonly lua: {
      readonly LUA_OK: number;
      lua_pcall(state: LuaState, args: number, results: number, handler: number): number;
      lua_tojsstring(state: LuaState, index: number): string | null;
    };
    readonly lauxlib: {
      luaL_newstate(): LuaState;
      luaL_loadstring(state: LuaState, source: Uint8Array): number;
    };
    readonly lualib: { luaL_openlibs(state: LuaState): void };
    to_luastring(text: string): Uint8Array;
  }
  const fengari: Fengari;
  export default fengari;
}
