import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "@jest/globals";
import type { Module } from "@plinth/module";
import { file_plinth_audit_v1_events } from "@plinth/proto/audit/v1/events_pb";
import { file_plinth_auth_v1_events } from "@plinth/proto/auth/v1/events_pb";
import { file_plinth_authz_v1_events } from "@plinth/proto/authz/v1/events_pb";
import { file_plinth_blog_v1_events, PostCreatedSchema, PostPublishedSchema } from "@plinth/proto/blog/v1/events_pb";
import { file_plinth_identity_v1_events } from "@plinth/proto/identity/v1/events_pb";
import { EchoRequestSchema } from "@plinth/proto/testing/v1/echo_pb";
import { CounterMovedSchema, file_plinth_testing_v1_events } from "@plinth/proto/testing/v1/events_pb";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import fc from "fast-check";
import { anyText } from "../arbitraries/any-text.ts";
import { checkDeclaredEvents, publishedTypes, subscribedTypes } from "./declared-events.ts";
import { describeEvent, eventsOf, isEvent } from "./describe-event.ts";
import { decodeEvent, encodeEvent } from "./event-data.ts";
import { exampleOf } from "./json-example.ts";
import { buildEventJsonSchema } from "./json-schema.ts";
import { hashKey } from "./key-hash.ts";

const FILES = [
  file_plinth_audit_v1_events,
  file_plinth_auth_v1_events,
  file_plinth_authz_v1_events,
  file_plinth_blog_v1_events,
  file_plinth_identity_v1_events,
  file_plinth_testing_v1_events,
];

describe("descriptors", () => {
  test("say how an event travels", () => {
    expect(describeEvent(PostPublishedSchema)).toMatchObject({
      name: "PostPublished",
      type: "blog.post.published",
      topic: "blog.post",
      version: "1.0",
      keyField: { name: "post_id" },
    });
    expect(isEvent(EchoRequestSchema)).toBe(false);
    expect(() => describeEvent(EchoRequestSchema)).toThrow("plinth.testing.v1.EchoRequest is no event");
  });

  test("are right in every proto of the platform, and no type is used twice", () => {
    const types = eventsOf(FILES).map(({ type }) => type);
    expect(types).toContain("platform.audit.recorded");
    expect(new Set(types).size).toBe(types.length);
  });
});

describe("data", () => {
  const description = describeEvent(CounterMovedSchema);

  test("survives the way there and back", () => {
    fc.assert(
      fc.property(
        anyText({ minLength: 1, maxLength: 64 }),
        fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        fc.string({ maxLength: 1000 }),
        (counterId, step, note) => {
          const { key, data } = encodeEvent(description, { counterId, step, note });
          expect(key).toBe(counterId);
          expect(decodeEvent(description, JSON.parse(JSON.stringify(data)))).toEqual(create(CounterMovedSchema, { counterId, step, note }));
        },
      ),
    );
  });

  test("that breaks a rule is refused with the field's name, on both ends", () => {
    expect(() => encodeEvent(description, { counterId: "c", step: 0 })).toThrow(/^step: /);
    expect(() => decodeEvent(description, { counterId: "c".repeat(65), step: 1 })).toThrow(/^counter_id: /);
    for (const data of [null, "text", [], { step: "many" }, { counterId: 7, step: 1 }])
      expect(() => decodeEvent(description, data)).toThrow();
  });
});

test("a key's hash is never negative, the same everywhere, and spreads keys that differ in little", () => {
  expect([hashKey(""), hashKey("post_01h455vb4pex5vsknk084sn02q"), hashKey("ключ")]).toMatchInlineSnapshot(`
[
  447841614,
  1402225403,
  364068842,
]
`);
  const counts = new Array<number>(6).fill(0);
  for (let number = 0; number < 6_000; number++) {
    const hash = hashKey(`user-${number}`);
    expect(hash).toBeGreaterThanOrEqual(0);
    expect(hash).toBeLessThanOrEqual(0x7fffffff);
    counts[hash % 6] = (counts[hash % 6] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

describe("JSON Schema", () => {
  const compile = (schema: object) => {
    const ajv = new Ajv2020({ allErrors: true });
    formats.default(ajv);
    return ajv.compile(schema);
  };

  test.each(eventsOf(FILES).map((event) => [event.type, event] as const))(
    "of %s takes its own example, and so does the proto",
    (_, event) => {
      const validate = compile(buildEventJsonSchema(event.schema));
      const example = exampleOf(event.schema);
      validate(example);
      expect(validate.errors).toBeNull();
      expect(() => decodeEvent(event, example)).not.toThrow();
    },
  );

  test("refuses what the proto refuses", () => {
    const validate = compile(buildEventJsonSchema(PostCreatedSchema));
    const example = exampleOf(PostCreatedSchema) as Record<string, unknown>;
    for (const change of [{ postId: "" }, { postId: undefined }, { title: "x".repeat(201) }, { createdAt: "yesterday" }, { slug: 7 }]) {
      const broken = JSON.parse(JSON.stringify({ ...example, ...change }));
      expect([change, validate(broken)]).toEqual([change, false]);
      expect(() => decodeEvent(describeEvent(PostCreatedSchema), broken)).toThrow();
    }
    expect(validate({ ...example, addedLater: true })).toBe(true);
  });
});

describe("what module.yaml declares", () => {
  const aModule = (events: Module["spec"]["events"]): Module =>
    ({ apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { name: "blog" }, spec: { version: "1.0.0", events } }) as Module;

  test("is compared with the protos", () => {
    const module = aModule({
      publishes: [
        { topic: "blog.post", types: ["blog.post.created", "blog.post.creatde"] },
        { topic: "blog", types: ["blog.post.published"] },
      ],
      subscribes: [{ topic: "testing.counter", types: ["testing.counter.moved"] }],
    });
    expect(checkDeclaredEvents(module, [PostCreatedSchema, PostPublishedSchema, CounterMovedSchema])).toEqual([
      "blog: spec.events.publishes[0].types[1]: no proto defines the event blog.post.creatde. Give its message the option (plinth.options.v1.event).",
      "blog: spec.events.publishes[1].types[0]: blog.post.published travels on topic blog.post by its proto, not on blog.",
    ]);
  });

  test("is what the module may publish and receive; audit entries need no declaration", () => {
    const module = aModule({ publishes: [{ topic: "blog.post", types: ["blog.post.created"] }] });
    expect([...publishedTypes(module)]).toEqual(["blog.post.created", "platform.audit.recorded"]);
    expect([...subscribedTypes(aModule(undefined))]).toEqual([]);
  });
});
