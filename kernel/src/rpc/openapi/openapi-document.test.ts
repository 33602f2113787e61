import { describe, expect, test } from "@jest/globals";
import { EchoService } from "@plinth/proto/testing/v1/echo_pb";
import { Validator } from "@seriousme/openapi-schema-validator";
import { openApiDocument } from "./openapi-document.ts";

// biome-ignore lint/suspicious/noExplicitAny: the tests look into the document as its readers do
const document = openApiDocument({ title: "echo", version: "1.2.3", services: [EchoService] }) as any;

describe("the OpenAPI document", () => {
  test("is valid OpenAPI 3.1, and JSON", async () => {
    const validator = new Validator();
    const result = await validator.validate(JSON.parse(JSON.stringify(document)));
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    expect(validator.version).toBe("3.1");
  });

  test("every reference leads somewhere, and operation ids are unique", () => {
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      expect(document.components.schemas).toHaveProperty([name ?? ""]);
    const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("paths, parameters and bodies are those of the bindings", () => {
    expect(Object.keys(document.paths).sort()).toEqual([
      "/api/v1/count/{to}",
      "/api/v1/echo",
      "/api/v1/echo/{message}",
      "/api/v1/fail",
      "/api/v1/files/{name}:weigh",
      "/api/v1/notes",
      "/api/v1/notes/{id}:publish",
      "/api/v1/shelves/{shelf}/notes",
      "/api/v1/{name}",
    ]);
    // biome-ignore lint/suspicious/noExplicitAny: see above
    const names = document.paths["/api/v1/notes"].get.parameters.map((one: any) => one.name);
    expect(names).toEqual(expect.arrayContaining(["page_size", "filter.author.display_name", "since", "ids", "min_views"]));
    const create = document.paths["/api/v1/shelves/{shelf}/notes"].post;
    expect(create.requestBody.content["application/json"].schema).toEqual({ $ref: "#/components/schemas/plinth.testing.v1.Note" });
    expect(create.parameters.map((one: { name: string }) => one.name)).toEqual(["shelf", "dry_run", "Idempotency-Key"]);
    expect(
      Object.keys(document.paths["/api/v1/notes/{id}:publish"].post.requestBody.content["application/json"].schema.properties),
    ).toEqual(["reason"]);
    expect(document.paths["/api/v1/files/{name}:weigh"].post.requestBody.content).toEqual({
      "*/*": { schema: { type: "string", format: "binary" } },
    });
  });

  test("the protos' comments are its descriptions", () => {
    expect(document.paths["/api/v1/notes/{id}:publish"].post.summary).toBe("Publishes a note: a custom verb.");
  });

  test("rules become constraints", () => {
    const note = document.components.schemas["plinth.testing.v1.Note"];
    expect(note.required).toEqual(["title"]);
    expect(note.properties.title).toEqual({ type: "string", minLength: 1, maxLength: 100, description: "The words of the note." });
    expect(note.properties.tags).toEqual({ type: "array", items: { type: "string", pattern: "^[a-z]+$" }, maxItems: 5 });
    expect(note.properties.rating).toMatchObject({ minimum: 0, maximum: 5 });
    expect(note.properties.views).toMatchObject({ type: "string", format: "int64" });
    expect(note.properties.remind_at).toEqual({ type: "string", format: "date-time" });
    expect(note.properties.reply_to).toEqual({ $ref: "#/components/schemas/plinth.testing.v1.Note" });
    expect(document.components.schemas["plinth.testing.v1.NoteColor"].enum).toContain("NOTE_COLOR_RED");
  });
});
