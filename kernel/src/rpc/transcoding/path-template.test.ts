import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { anyText } from "../../arbitraries/any-text.ts";
import { parsePathTemplate } from "./path-template.ts";
import { RouteTable } from "./route-table.ts";

describe("path templates", () => {
  test("segments, variables and verb", () => {
    expect(parsePathTemplate("/v1/{name=shelves/*/books/**}:read")).toEqual({
      segments: [
        { kind: "literal", text: "v1" },
        { kind: "literal", text: "shelves" },
        { kind: "one" },
        { kind: "literal", text: "books" },
        { kind: "rest" },
      ],
      variables: [{ fieldPath: "name", start: 1, end: 5 }],
      verb: "read",
    });
    expect(parsePathTemplate("/v1/{post.id}/x").variables).toEqual([{ fieldPath: "post.id", start: 1, end: 2 }]);
  });

  test.each(["v1", "/v1//x", "/{}", "/{a", "/{a=}", "/**/x", "/a*", "/x:", "/{a b}", "/x{a}"])("%s is refused", (template) => {
    expect(() => parsePathTemplate(template)).toThrow(template);
  });
});

describe("routes", () => {
  function tableOf(...routes: string[]): RouteTable<string> {
    const table = new RouteTable<string>();
    for (const route of routes) {
      const [method = "", path = ""] = route.split(" ");
      table.add(method, parsePathTemplate(path), route);
    }
    return table;
  }
  const find = (table: RouteTable<string>, method: string, path: string) => {
    const match = table.find(method, path);
    return match === undefined || "allowed" in match ? match : match.route;
  };

  test("fixed words win over variables, and the search goes back where it must", () => {
    const table = tableOf("GET /a/{x}", "GET /a/b", "GET /a/b/c", "GET /{y}/b/d", "GET /files/{path=**}", "GET /files/top");
    expect(find(table, "GET", "/a/b")).toBe("GET /a/b");
    expect(find(table, "GET", "/a/z")).toBe("GET /a/{x}");
    expect(find(table, "GET", "/a/b/d")).toBe("GET /{y}/b/d");
    expect(find(table, "GET", "/files/x/y/z")).toBe("GET /files/{path=**}");
    expect(find(table, "GET", "/files/top")).toBe("GET /files/top");
    expect(find(table, "GET", "/a/")).toBeUndefined();
    expect(find(table, "GET", "/a")).toBeUndefined();
  });

  test("a colon is a verb only where one is known", () => {
    const table = tableOf("GET /n/{id}", "POST /n/{id}:publish");
    expect(find(table, "POST", "/n/7:publish")).toBe("POST /n/{id}:publish");
    expect(find(table, "GET", "/n/a:b")).toBe("GET /n/{id}");
    expect(find(table, "PUT", "/n/7:publish")).toEqual({ allowed: ["GET"] });
    expect(find(table, "DELETE", "/n/7")).toEqual({ allowed: ["GET"] });
  });

  test("two that no request can tell apart are refused", () => {
    expect(() => tableOf("GET /a/{x}", "GET /a/{y}")).toThrow("GET");
  });

  test("no path throws, and none is answered with a variable of no length", () => {
    const table = tableOf("GET /a/{x}/b", "GET /a/{x}:v", "GET /{z=**}");
    fc.assert(
      fc.property(anyText(), (path) => {
        table.find("GET", path);
        table.find("GET", `/a/${path}`);
      }),
    );
  });
});
