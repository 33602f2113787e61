import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import { AuthService, LoginRequestSchema } from "@plinth/proto/auth/v1/auth_pb";
import { IdentityService } from "@plinth/proto/identity/v1/identity_pb";
import { takesKeys } from "./idempotency.ts";
import { hasSecrets, withoutSecrets } from "./secret-fields.ts";

test("a method that answers with secrets takes no Idempotency-Key, for its answer would be kept", () => {
  expect(takesKeys(AuthService.method.login)).toBe(false);
  expect(takesKeys(AuthService.method.confirmTotp)).toBe(false);
  expect(takesKeys(IdentityService.method.register)).toBe(true);
});

test("what is remembered of a request does not tell its password", () => {
  const request = create(LoginRequestSchema, { email: "ada@example.com", password: "secret", totpCode: "123456" });
  const kept = withoutSecrets(LoginRequestSchema, request);
  expect(toBinary(LoginRequestSchema, create(LoginRequestSchema, { email: "ada@example.com" }))).toEqual(
    toBinary(LoginRequestSchema, kept as typeof request),
  );
  expect(request.password).toBe("secret");
});

test("a message without secrets is remembered whole", () => {
  const { output } = IdentityService.method.getMe;
  expect(hasSecrets(output)).toBe(false);
  const user = create(output, { email: "ada@example.com" });
  expect(withoutSecrets(output, user)).toBe(user);
});
