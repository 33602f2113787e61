import { describe, expect, test } from "@jest/globals";
import { anyText } from "@plinth/kernel/arbitraries";
import fc from "fast-check";
import { checkTemplateText, oneLine, renderLine, renderText } from "./template-language.ts";

const problem = (source: string, kind: "text" | "html" = "text") => {
  try {
    checkTemplateText(source, "text", kind);
  } catch (error) {
    return (error as { fieldErrors: Record<string, string> }).fieldErrors.text;
  }
  return undefined;
};

describe("rendering", () => {
  test("puts values in place, and knows conditions and lists", () => {
    const source = "{{#if name}}Hello {{name}}{{else}}Hello{{/if}}{{#each items}}{{@index}}:{{this.title}};{{/each}}{{a.b}}";
    const variables = { name: "Ada", items: [{ title: "x" }, { title: "y" }], a: { b: 1 } };
    expect(renderText(source, "text", variables)).toBe("Hello Ada0:x;1:y;1");
    expect(renderText(source, "text", { ...variables, name: "", items: [] })).toBe("Hello1");
  });

  test("a block may ask for what is not there", () => {
    expect(renderText("{{#if a}}x{{/if}}{{#unless a}}y{{/unless}}{{#each b}}z{{else}}none{{/each}}", "text", {})).toBe("ynone");
  });

  test("escapes in HTML, and not in text", () => {
    const variables = { name: `<a href="x">&'` };
    expect(renderText("{{name}}", "html", variables)).toBe("&lt;a href&#x3D;&quot;x&quot;&gt;&amp;&#x27;");
    expect(renderText("{{name}}", "text", variables)).toBe(variables.name);
  });

  test.each(["{{first_name}}", "{{#each items}}{{first_name}}{{/each}}", "{{user.first_name}}"])(
    "names the variable that %s lacks",
    (source) => {
      expect(() => renderText(source, "text", { items: [{}], user: {} })).toThrow(
        expect.objectContaining({ code: "VALIDATION_ERROR", fieldErrors: { "variables.first_name": expect.anything() } }),
      );
    },
  );

  test.each(["{{constructor}}", "{{__proto__}}", "{{a.constructor}}", "{{toString}}", "{{a.constructor.name}}"])(
    "does not show what is behind a value: %s",
    (source) => {
      let rendered = "";
      try {
        rendered = renderText(source, "text", { a: {} });
      } catch (error) {
        expect(error).toMatchObject({ code: "VALIDATION_ERROR" });
      }
      expect(rendered).toBe("");
    },
  );

  test("ends a template that would cost too much", () => {
    const list = Array.from({ length: 1000 }, (_, id) => ({ id }));
    const nested = "{{#each list}}{{#each ../list}}{{#each ../../list}}{{/each}}{{/each}}{{/each}}";
    expect(() => renderText(nested, "text", { list })).toThrow(expect.objectContaining({ code: "VALIDATION_ERROR" }));
    expect(() => renderText(`{{#each list}}${"x".repeat(1000)}{{/each}}`, "text", { list })).toThrow(
      expect.objectContaining({ code: "VALIDATION_ERROR" }),
    );
  });

  test("a subject is one line whatever the values hold", () => {
    expect(renderLine("Hello {{name}}", { name: "x\r\nBcc: eve@example.com\u2028y" })).toBe("Hello x Bcc: eve@example.com y");
    fc.assert(
      fc.property(anyText(), (name) => {
        const line = oneLine(name);
        return !/[\r\n\0\u2028]/.test(line) && line.length <= 200;
      }),
    );
  });

  test("no value breaks out of an attribute or an element of HTML", () => {
    fc.assert(fc.property(anyText(), (value) => !/[<>"']/.test(renderText("{{value}}", "html", { value }))));
  });
});

describe("checking", () => {
  test.each([
    ["{{#if a}}", "does not parse"],
    ["{{{a}}}", "unescaped"],
    ["{{&a}}", "unescaped"],
    ["{{> partial}}", "templates know"],
    ["{{lookup a b}}", "templates know"],
    ["{{log a}}", "templates know"],
    ["{{#with a}}{{/with}}", "templates know"],
    ["{{#each a as |b|}}{{b}}{{/each}}", "names after"],
    ["{{#if (lookup a b)}}{{/if}}", "templates know"],
    ["{{#if a}}{{> x}}{{/if}}", "templates know"],
    ["{{@root.a}}", "@index"],
    ["{{@budget.rounds}}", "@index"],
    ['{{#*inline "x"}}{{/inline}}', "templates know"],
  ])("refuses %s", (source, words) => {
    expect(problem(source, "html")).toContain(words);
  });

  test("takes what there is", () => {
    expect(
      problem("{{!-- why --}}{{a.b}}{{#each list}}{{this}}{{@index}}{{else}}none{{/each}}{{#unless a}}x{{/unless}}", "html"),
    ).toBeUndefined();
    expect(problem("{{{a}}}", "text")).toBeUndefined();
  });
});
