import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { badRequest, type ErrorCode, PlinthError, type UserIdentity } from "@plinth/kernel/base";
import type { RateLimitAnswer } from "@plinth/kernel/resilience";
import { codeOfStatus } from "@plinth/kernel/status";
import { parseTraceparent, type TraceSpan } from "@plinth/kernel/telemetry";
import type { AdmissionTarget, Inbound } from "../domain/admission.ts";
import { clientTimeoutMs, deadlineMs, isImpatient } from "../domain/deadlines.ts";
import { requestIdOf } from "../domain/request-id.ts";
import { pathProblem } from "../domain/request-path.ts";
import { appendResponseHeaders } from "../domain/response-headers.ts";
import type { RoutePolicy } from "../domain/route-policy.ts";
import { appendCommonHeaders, headerObject } from "../server/answer-head.ts";
import { errorReply, grpcStatusHeaders } from "../server/error-reply.ts";
import type { GatewayParts } from "../server/gateway-parts.ts";
import { Attempt } from "./attempt.ts";
import { outgoingHeaders } from "./outgoing-headers.ts";
import { deadlinePassed, moduleUnavailable, requestTooSlow, upstreamFailure } from "./upstream-failure.ts";

/** Instances that are tried before any of the call's data was read. */
const MAX_CONNECTS = 3;

/** One native gRPC call: streams both ways, trailers and cancellation, over one shared HTTP/2 connection per instance. */
export class GrpcExchange implements Inbound, AdmissionTarget {
  readonly method = "POST";
  readonly path: string;
  readonly protocol = "grpc";
  readonly clientAddress: string;
  readonly requestId: string;
  policy: RoutePolicy | undefined = undefined;
  serverStreaming = false;
  readOnly = false;
  user: UserIdentity | undefined = undefined;
  tenantId = "";
  limit: RateLimitAnswer | undefined = undefined;

  #parts: GatewayParts;
  #stream: ServerHttp2Stream;
  #headers: IncomingHttpHeaders;
  #rawHeaders: readonly string[];
  #startedAt = performance.now();
  #span: TraceSpan;
  #attempt: Attempt | undefined = undefined;
  #connects = 0;
  #call: ClientHttp2Stream | undefined = undefined;
  #trailers: IncomingHttpHeaders = {};
  #timer: NodeJS.Timeout | undefined = undefined;
  #deadlineAt = 0;
  #settled = false;

  constructor(parts: GatewayParts, stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) {
    this.#parts = parts;
    this.#stream = stream;
    this.#headers = headers;
    this.#rawHeaders = rawHeaders;
    this.path = headers[":path"] ?? "/";
    this.requestId = requestIdOf(this.header("x-request-id"));
    this.clientAddress = parts.state.clientAddress(stream.session?.socket.remoteAddress ?? "", this.header("x-forwarded-for"));
    this.#span = parts.tracing.startSpan("server", this.path.slice(1), parseTraceparent(this.header("traceparent")));
  }

  header(name: string): string | undefined {
    const value = this.#headers[name];
    return typeof value === "object" ? value.join(", ") : value;
  }

  start(): void {
    this.#stream.on("close", () => this.#onClientClosed());
    if (pathProblem(this.path) !== undefined || this.#headers[":method"] !== "POST") {
      this.refused(badRequest("A gRPC call is POST /package.Service/Method.", { reason: "INVALID_PATH" }));
      return;
    }
    this.#parts.admission.begin(this, this);
  }

  admitted(): void {
    if (this.#settled) return;
    const policy = this.policy as RoutePolicy;
    const asked = clientTimeoutMs(this.header("grpc-timeout"), undefined);
    const ms = deadlineMs(policy.timeoutMs, asked, this.serverStreaming);
    if (ms > 0) {
      this.#deadlineAt = this.#startedAt + ms;
      this.#timer = setTimeout(() => this.#passDeadline(policy, isImpatient(policy.timeoutMs, asked)), ms);
    }
    this.#connect(policy);
  }

  refused(error: PlinthError): void {
    if (this.#settled) return;
    this.#settle("neutral", error.code);
    if (error.code === "INTERNAL_ERROR") {
      this.#parts.logger.error("call failed in the gateway", { requestId: this.requestId, path: this.path, error: error.cause ?? error });
    }
    if (this.#stream.destroyed) return;
    const headers: string[] = [];
    appendCommonHeaders(this.requestId, this.limit, headers);
    headers.push(...errorReply(error, "grpc", this.requestId, this.header("content-type")).headers);
    // Once headers are out, only the trailers are left to say it.
    if (this.#stream.headersSent) this.#stream.end();
    else this.#stream.respond({ ":status": 200, ...headerObject(headers) }, { endStream: true });
    // Unread data of the call would keep the stream open.
    this.#stream.resume();
  }

  /** Waits for a connection before it reads any of the call's data: until then another instance can be tried. */
  #connect(policy: RoutePolicy): void {
    const attempt = Attempt.begin(this.#parts.upstreams, policy.module, this.#attempt?.instance);
    if (attempt === undefined) {
      this.refused(moduleUnavailable(policy.module));
      return;
    }
    this.#attempt = attempt;
    this.#connects++;
    const { instance } = attempt;
    const session = instance.session();
    const go = () =>
      Promise.resolve(this.#parts.identity.tokenFor(policy.module)).then(
        (token) => this.#forward(policy, session, token),
        (error: unknown) => this.refused(PlinthError.from(error)),
      );
    if (!session.connecting) {
      void go();
      return;
    }
    const onConnect = () => {
      session.off("close", onClose);
      void go();
    };
    const onClose = () => {
      session.off("connect", onConnect);
      instance.noteFailure(true);
      this.#attempt?.end("failure");
      if (this.#settled) return;
      if (this.#connects < MAX_CONNECTS) this.#connect(policy);
      else this.refused(moduleUnavailable(policy.module));
    };
    session.once("connect", onConnect);
    session.once("close", onClose);
  }

  #forward(policy: RoutePolicy, session: ClientHttp2Session, serviceToken: string): void {
    if (this.#settled) return;
    if (session.closed || session.destroyed) {
      this.#fail(moduleUnavailable(policy.module), constants.NGHTTP2_CANCEL);
      return;
    }
    const remainingMs = this.#deadlineAt === 0 ? 0 : Math.max(1, Math.floor(this.#deadlineAt - performance.now()));
    const list = outgoingHeaders(this, this.#rawHeaders, { serviceToken, requestId: this.requestId, span: this.#span, remainingMs: 0 });
    if (remainingMs > 0) list.push("grpc-timeout", `${Math.min(remainingMs, 99_999_999)}m`);
    const headers = { ":method": "POST", ":path": this.path, ":scheme": "http", ...headerObject(list), te: "trailers" };
    const call = session.request(headers, { endStream: false });
    this.#call = call;
    call.on("response", (head, flags) => this.#onResponse(policy, call, head, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0));
    call.on("trailers", (trailers) => {
      this.#trailers = trailers;
    });
    call.on("error", (error) => this.#onCallError(policy, error));
    call.on("close", () => {
      // A call that ended in order still has its trailers to send.
      if (!this.#settled && (call.rstCode !== constants.NGHTTP2_NO_ERROR || !this.#stream.headersSent)) {
        this.#onCallError(policy, new Error("The module closed the call."));
      }
    });
    this.#stream.pipe(call);
  }

  #onResponse(policy: RoutePolicy, call: ClientHttp2Stream, head: IncomingHttpHeaders, ended: boolean): void {
    if (this.#settled || this.#stream.destroyed) return;
    const out: string[] = [];
    appendCommonHeaders(this.requestId, this.limit, out);
    const { ":status": status, ...rest } = head;
    appendResponseHeaders(rest as Record<string, string | string[] | undefined>, policy.responseRules, out);
    const headers = { ":status": Number(status ?? 200), ...headerObject(out) };
    this.#attempt?.instance.noteSuccess();
    if (ended) {
      this.#stream.respond(headers, { endStream: true });
      this.#settle("success", codeOfTrailer(head["grpc-status"]));
      call.resume();
      this.#stream.resume();
      return;
    }
    // A stream of answers may go on after its first one was in time.
    this.#stream.respond(headers, { waitForTrailers: true });
    this.#stream.on("wantTrailers", () => {
      const trailers: string[] = [];
      appendResponseHeaders(this.#trailers as Record<string, string | string[] | undefined>, policy.responseRules, trailers);
      const object = headerObject(trailers);
      if (object["grpc-status"] === undefined) object["grpc-status"] = String(14);
      this.#stream.sendTrailers(object);
      this.#settle("success", codeOfTrailer(this.#trailers["grpc-status"]));
    });
    call.pipe(this.#stream);
  }

  #onCallError(policy: RoutePolicy, error: Error): void {
    if (this.#settled) return;
    this.#attempt?.instance.noteFailure(false);
    this.#parts.logger.debug("a call failed", { requestId: this.requestId, module: policy.module, error });
    this.#fail(upstreamFailure(policy.module, error), constants.NGHTTP2_CANCEL);
  }

  #passDeadline(policy: RoutePolicy, impatient: boolean): void {
    if (this.#settled) return;
    const arrived = this.#stream.readableEnded || this.#stream.endAfterHeaders || this.#stream.isPaused();
    if (!arrived || impatient) this.#attempt?.end("neutral");
    else this.#attempt?.instance.noteFailure(false);
    this.#fail(arrived ? deadlinePassed(policy.module) : requestTooSlow(), constants.NGHTTP2_CANCEL);
  }

  #fail(error: PlinthError, resetCode: number): void {
    if (this.#settled) return;
    this.#attempt?.end("failure");
    const call = this.#call;
    if (this.#stream.headersSent) {
      call?.unpipe(this.#stream);
      this.#trailers = headerObject(grpcStatusHeaders(error)) as IncomingHttpHeaders;
      // `wantTrailers` sends them when what was written is out.
      this.#stream.end();
      this.#settle("failure", error.code);
    } else this.refused(error);
    if (call !== undefined && !call.closed) call.close(resetCode);
  }

  #onClientClosed(): void {
    clearTimeout(this.#timer);
    if (this.#call !== undefined && !this.#call.closed) this.#call.close(constants.NGHTTP2_CANCEL);
    if (!this.#settled) this.#settle("neutral", "TIMEOUT");
  }

  #settle(outcome: "success" | "failure" | "neutral", code: "OK" | ErrorCode): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#attempt?.end(outcome);
    const method = this.policy === undefined ? "none" : this.path.slice(1);
    this.#parts.metrics.rpcServer.with("grpc", method, code).observe((performance.now() - this.#startedAt) / 1000);
    this.#span.end(code);
  }
}

/** The module's own word on how it went; what its code means in detail is in the module's metrics. */
function codeOfTrailer(status: string | string[] | undefined): "OK" | ErrorCode {
  return status === "0" ? "OK" : codeOfStatus(Number(status));
}

/** Serves a native gRPC call: reflection and health here, all else by the module whose method it is. */
export function startGrpc(
  parts: GatewayParts,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
): void {
  const own = parts.ownCalls.get(headers[":path"] ?? "");
  const exchange = new GrpcExchange(parts, stream, headers, rawHeaders);
  if (own === undefined) {
    exchange.start();
    return;
  }
  try {
    parts.admission.checkAddress(exchange);
  } catch (error) {
    exchange.refused(PlinthError.from(error));
    return;
  }
  own(stream);
}
