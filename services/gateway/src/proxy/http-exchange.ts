import type { Duplex, Readable } from "node:stream";
import { badRequest, PlinthError, type UserIdentity } from "@plinth/kernel/base";
import { REQUEST_TIMEOUT } from "@plinth/kernel/http";
import type { RateLimitAnswer } from "@plinth/kernel/resilience";
import { parseTraceparent, type TraceSpan } from "@plinth/kernel/telemetry";
import type { Dispatcher } from "undici";
import type { AdmissionTarget, Inbound } from "../domain/admission.ts";
import { cacheKey } from "../domain/cache-key.ts";
import { corsHeaders, preflightHeaders } from "../domain/cors.ts";
import { clientTimeoutMs, deadlineMs, isImpatient } from "../domain/deadlines.ts";
import { type Protocol, protocolOf } from "../domain/protocol.ts";
import { hasTwoHosts } from "../domain/request-headers.ts";
import { requestIdOf } from "../domain/request-id.ts";
import { pathProblem, queryProblem } from "../domain/request-path.ts";
import { appendResponseHeaders, type HeaderRecord } from "../domain/response-headers.ts";
import type { RoutePolicy } from "../domain/route-policy.ts";
import { type AnyResponse, appendCommonHeaders, isHttp1, writeHead } from "../server/answer-head.ts";
import { errorReply } from "../server/error-reply.ts";
import type { GatewayParts, OwnAnswer } from "../server/gateway-parts.ts";
import { Attempt } from "./attempt.ts";
import { CacheFill } from "./cache-fill.ts";
import { outgoingHeaders } from "./outgoing-headers.ts";
import { type Answer, cachedAnswer, emptyAnswer, optionsAnswer, ownAnswer } from "./own-answers.ts";
import { recordRequest } from "./record-request.ts";
import { type AnyRequest, bodyKind, drain, hasArrived, hasMuchUnread, readWhole, streamed } from "./request-body.ts";
import type { Upgrade } from "./upgrade.ts";
import { deadlinePassed, moduleUnavailable, requestTooSlow, upstreamFailure, wasNotSent } from "./upstream-failure.ts";

/** Answers up to this go out with their head in one write. */
const ONE_WRITE_BYTES = 16 * 1024;
/** An answer that stalls this long is cut; streams are not bounded. */
const BODY_STALL_MS = 60_000;
const MAX_TRIES = 3;
const REPEATABLE_METHODS = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);
/** Undici would give up the connection after each HEAD. */
const NO_RESET = { reset: false } as const;

const MALFORMED_REQUEST = "MALFORMED_REQUEST";
/** Refusals after which nothing more is read from the connection. */
const LAST_REASONS: ReadonlySet<string> = new Set([REQUEST_TIMEOUT, MALFORMED_REQUEST]);

type Controller = Dispatcher.DispatchController;

/**
 * One request and its answer over HTTP/1.1, or HTTP/2 but native gRPC. It is at once what admission looks at and what undici reports to, so
 * that the common request costs one object and no promise.
 */
export class HttpExchange implements Inbound, AdmissionTarget, Dispatcher.DispatchHandler {
  readonly method: string;
  readonly path: string;
  readonly protocol: Protocol;
  readonly clientAddress: string;
  readonly requestId: string;
  policy: RoutePolicy | undefined = undefined;
  serverStreaming = false;
  readOnly = false;
  user: UserIdentity | undefined = undefined;
  tenantId = "";
  limit: RateLimitAnswer | undefined = undefined;

  #parts: GatewayParts;
  #request: AnyRequest;
  #response: AnyResponse;
  #upgrade: Upgrade | undefined;
  #target: string;
  #startedAt = performance.now();
  #span: TraceSpan;
  #origin: string | undefined;
  #body: Buffer | Readable | null = null;
  #attempt: Attempt | undefined = undefined;
  #tries = 0;
  #controller: Controller | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #deadlineAt = 0;
  #impatient = false;
  /** Nothing more is to be written, or to be heard of the module. */
  #settled = false;
  #recorded = false;
  #status = 0;
  #responseLength = -1;
  #held: Buffer | undefined = undefined;
  #fill: CacheFill | undefined = undefined;

  constructor(parts: GatewayParts, request: AnyRequest, response: AnyResponse, upgrade?: Upgrade) {
    const url = request.url ?? "/";
    const query = url.indexOf("?");
    const { headers } = request;
    this.#parts = parts;
    this.#request = request;
    this.#response = response;
    this.#upgrade = upgrade;
    this.#target = url;
    this.method = request.method ?? "GET";
    this.path = query === -1 ? url : url.slice(0, query);
    this.protocol = protocolOf(headers["content-type"], this.path);
    this.requestId = requestIdOf(headers["x-request-id"] as string | undefined);
    this.#origin = headers.origin;
    const forwardedFor = headers["x-forwarded-for"];
    this.clientAddress = parts.state.clientAddress(request.socket.remoteAddress ?? "", forwardedFor as string | undefined);
    this.#span = parts.tracing.startSpan("server", this.method, parseTraceparent(headers.traceparent as string | undefined));
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === "object" ? value.join(", ") : value;
  }

  /** Runs the request; all else happens by events. */
  start(): void {
    this.#response.on("close", () => this.#onResponseClosed());
    const { routing } = this.#parts.state;
    const asksOptions = this.method === "OPTIONS";
    const own = this.method === "GET" || this.method === "HEAD" ? this.#parts.ownPaths.get(this.path) : undefined;
    const query = this.#target.length === this.path.length ? undefined : queryProblem(this.#target.slice(this.path.length));
    const problem = pathProblem(this.path) ?? query;
    if (asksOptions && this.#target === "*") this.#answerBy(optionsAnswer([]));
    else if (problem !== undefined) this.refused(badRequest(`The path ${problem}.`, { reason: "INVALID_PATH" }));
    else if (isHttp1(this.#response) && hasTwoHosts(this.#request.rawHeaders)) {
      this.refused(badRequest("A request has one Host header.", { reason: MALFORMED_REQUEST }));
    } else if (this.protocol === "grpc") this.refused(badRequest("Native gRPC needs HTTP/2.", { reason: "UNSUPPORTED_MEDIA_TYPE" }));
    else if (asksOptions && this.#origin !== undefined && this.header("access-control-request-method") !== undefined) {
      this.#answerBy(emptyAnswer(preflightHeaders(this.header("access-control-request-headers"))));
    } else if (own !== undefined) this.#answerOwn(own);
    else if (asksOptions && routing.match("OPTIONS", this.path) === undefined) this.#answerBy(optionsAnswer(routing.methodsAt(this.path)));
    else this.#parts.admission.begin(this, this);
  }

  // What admission calls.

  admitted(): void {
    const policy = this.policy as RoutePolicy;
    if (this.#settled) return;
    if (policy.cache !== undefined && (this.method === "GET" || this.method === "HEAD") && this.header("cookie") === undefined) {
      const key = cacheKey(policy, this.#target, this.tenantId, this.user);
      const known = this.#parts.cache.find(key, (name) => this.header(name));
      if (known !== undefined) {
        this.#answerBy(cachedAnswer(known, this.header("if-none-match")));
        return;
      }
      if (this.method === "GET") this.#fill = new CacheFill(this.#parts.cache, key, (name) => this.header(name));
    }
    const streaming = this.serverStreaming || this.header("accept")?.includes("text/event-stream") === true;
    const asked = this.protocol === "rest" ? undefined : clientTimeoutMs(this.header("grpc-timeout"), this.header("connect-timeout-ms"));
    const ms = deadlineMs(policy.timeoutMs, asked, streaming);
    this.#impatient = isImpatient(policy.timeoutMs, asked);
    if (ms > 0) {
      this.#deadlineAt = this.#startedAt + ms;
      this.#timer = setTimeout(passDeadline, ms, this);
    }
    this.#readBody(policy);
  }

  refused(error: PlinthError): void {
    if (this.#settled) return;
    this.#attempt?.end("neutral");
    if (error.code === "INTERNAL_ERROR") {
      const { requestId, path } = this;
      this.#parts.logger.error("request failed in the gateway", { requestId, path, error: error.cause ?? error });
    }
    const reply = errorReply(error, this.protocol, this.requestId, this.header("content-type"));
    const headers = this.#headers();
    if (error.metadata.allow !== undefined) headers.push("allow", error.metadata.allow);
    headers.push(...reply.headers, "content-length", String(reply.body.length));
    // A body that was not wanted is not waited for either, nor one that was waited for long enough.
    if (isHttp1(this.#response) && (hasMuchUnread(this.#request) || LAST_REASONS.has(error.reason))) this.#response.shouldKeepAlive = false;
    else drain(this.#request);
    this.#answer(reply.status, headers, reply.body);
  }

  // Asking the module.

  #readBody(policy: RoutePolicy): void {
    const kind = bodyKind(this.#request);
    if (kind === "small") {
      readWhole(this.#request, (body) => {
        this.#body = body;
        this.#send();
      });
      return;
    }
    if (kind === "streamed") this.#body = streamed(this.#request, policy.bodyLimitBytes);
    this.#send();
  }

  #send(): void {
    if (this.#settled) return;
    const { module } = this.policy as RoutePolicy;
    const attempt = Attempt.begin(this.#parts.upstreams, module, this.#attempt?.instance);
    if (attempt === undefined) {
      this.refused(moduleUnavailable(module));
      return;
    }
    this.#attempt = attempt;
    if (this.#tries++ === 0) attempt.upstream.budget.deposit();
    try {
      const token = this.#parts.identity.tokenFor(module);
      if (typeof token === "string") this.#dispatch(attempt, token);
      else token.then((minted) => this.#dispatch(attempt, minted)).catch((error: unknown) => this.refused(PlinthError.from(error)));
    } catch (error) {
      this.refused(PlinthError.from(error));
    }
  }

  #dispatch(attempt: Attempt, serviceToken: string): void {
    if (this.#settled) return;
    const remainingMs = this.#deadlineAt === 0 ? 0 : Math.max(1, Math.floor(this.#deadlineAt - performance.now()));
    const facts = { serviceToken, requestId: this.requestId, span: this.#span, remainingMs };
    const headers = outgoingHeaders(this, this.#request.rawHeaders, facts);
    const length = this.#request.headers["content-length"];
    if (this.#body !== null && length !== undefined) headers.push("content-length", length);
    const options: Dispatcher.DispatchOptions = {
      method: this.method as Dispatcher.HttpMethod,
      path: this.#target,
      headers,
      body: this.#body,
      headersTimeout: 0,
      bodyTimeout: this.#deadlineAt === 0 ? 0 : BODY_STALL_MS,
      ...(this.#upgrade === undefined ? NO_RESET : { upgrade: this.#upgrade.protocol }),
    };
    attempt.instance.pool.dispatch(options, this);
  }

  // What undici calls.

  onRequestStart(controller: Controller): void {
    if (this.#settled) controller.abort(new Error("The client is gone."));
    else this.#controller = controller;
  }

  onResponseStart(_controller: Controller, status: number, headers: HeaderRecord): void {
    if (status < 200 || this.#settled) return;
    const policy = this.policy as RoutePolicy;
    const attempt = this.#attempt as Attempt;
    clearTimeout(this.#timer);
    // 503 with Retry-After is a module that sheds load on purpose, not one that is broken.
    const failed = status === 502 || status === 504 || (status === 503 && headers["retry-after"] === undefined);
    if (failed && this.#impatient) attempt.judge("neutral");
    else {
      attempt.judge(failed ? "failure" : "success");
      if (failed) attempt.instance.noteFailure(false);
      else attempt.instance.noteSuccess();
    }

    const out = this.#headers();
    const common = out.length;
    appendResponseHeaders(headers, policy.responseRules, out);
    this.#fill?.begin(status, headers, out.slice(common), this.user !== undefined);
    this.#status = status;
    const length = headers["content-length"];
    this.#responseLength = typeof length === "string" ? Number(length) : -1;
    writeHead(this.#response, status, out);
    if (this.#responseLength === -1 && this.method !== "HEAD" && status !== 204 && status !== 304) {
      // The head of a stream is an answer in itself.
      if (isHttp1(this.#response)) this.#response.flushHeaders();
    }
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#settled) return;
    this.#fill?.add(chunk);
    if (chunk.length === this.#responseLength) {
      this.#held = chunk;
      return;
    }
    // The two kinds of response have the same `write`.
    if ((this.#response as NodeJS.WritableStream).write(chunk)) return;
    controller.pause();
    this.#response.once("drain", () => controller.resume());
  }

  onResponseEnd(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#attempt?.end("success");
    if (this.#fill !== undefined && this.policy?.cache !== undefined) this.#fill.store(this.policy.cache);
    this.#end(this.#held);
    this.#record();
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (this.#settled) return;
    const policy = this.policy as RoutePolicy;
    if (this.#response.headersSent) {
      // Half an answer cannot be taken back; cutting the connection tells the client that it is half.
      this.#settled = true;
      this.#attempt?.instance.noteFailure(false);
      this.#attempt?.end("neutral");
      this.#response.destroy();
      this.#record();
      return;
    }
    if (error instanceof PlinthError) {
      this.refused(error);
      return;
    }
    // A client that breaks off its upload says nothing about the module.
    if (this.#request.destroyed && !this.#request.complete) {
      this.#onResponseClosed();
      return;
    }
    const notSent = wasNotSent(error);
    this.#attempt?.instance.noteFailure(notSent);
    this.#attempt?.end("failure");
    this.#parts.logger.debug("a try failed", { requestId: this.requestId, module: policy.module, error });
    if (this.#mayTryAgain(notSent)) {
      this.#send();
      return;
    }
    this.refused(upstreamFailure(policy.module, error));
  }

  #mayTryAgain(notSent: boolean): boolean {
    const repeatable = REPEATABLE_METHODS.has(this.method) || this.readOnly;
    if (this.#tries >= MAX_TRIES || !(notSent || repeatable)) return false;
    // A body that was passed on as it came is gone.
    if (this.#body !== null && !Buffer.isBuffer(this.#body)) return false;
    return this.#attempt?.upstream.budget.withdraw() === true;
  }

  onRequestUpgrade(_controller: Controller, status: number, headers: HeaderRecord, upstream: Duplex): void {
    if (this.#settled || this.#upgrade === undefined) {
      upstream.destroy();
      return;
    }
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#status = status;
    this.#attempt?.end("success");
    const out = ["connection", "upgrade", "upgrade", String(headers.upgrade ?? this.#upgrade.protocol), "x-request-id", this.requestId];
    appendResponseHeaders(headers, (this.policy as RoutePolicy).responseRules, out);
    this.#upgrade.connect(out, upstream);
    this.#record();
  }

  /** Called by the clock. */
  passDeadline(): void {
    if (this.#settled || this.#response.headersSent) return;
    const arrived = hasArrived(this.#request);
    const error = arrived ? deadlinePassed(this.policy?.module ?? "") : requestTooSlow();
    if (!arrived || this.#impatient) this.#attempt?.end("neutral");
    else {
      this.#attempt?.instance.noteFailure(false);
      this.#attempt?.end("failure");
    }
    this.refused(error);
    this.#controller?.abort(error);
  }

  #onResponseClosed(): void {
    clearTimeout(this.#timer);
    if (this.#settled) return;
    this.#settled = true;
    this.#attempt?.end("neutral");
    this.#status = 499;
    this.#controller?.abort(new Error("The client is gone."));
    this.#record();
  }

  // Answering.

  #headers(): string[] {
    const headers: string[] = [];
    appendCommonHeaders(this.requestId, this.limit, headers);
    if (this.#origin !== undefined) headers.push(...corsHeaders(this.#parts.state.settings, this.#origin));
    if (this.#parts.state.draining && isHttp1(this.#response)) this.#response.shouldKeepAlive = false;
    return headers;
  }

  #answer(status: number, headers: string[], body: Buffer): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#status = status;
    writeHead(this.#response, status, headers);
    this.#end(this.method === "HEAD" ? undefined : body);
    this.#record();
  }

  #end(chunk: Buffer | undefined): void {
    const response = this.#response as NodeJS.WritableStream;
    if (chunk === undefined || chunk.length === 0) response.end();
    // As text the body joins the head in one write; Latin-1 keeps every byte.
    else if (chunk.length <= ONE_WRITE_BYTES) response.end(chunk.toString("latin1"), "latin1");
    else response.end(chunk);
  }

  #answerBy({ status, headers, body }: Answer): void {
    if (this.#settled) return;
    const all = this.#headers();
    for (const text of headers) all.push(text);
    this.#answer(status, all, body);
  }

  #answerOwn(own: () => Promise<OwnAnswer> | OwnAnswer): void {
    Promise.resolve()
      .then(() => {
        this.#parts.admission.checkAddress(this);
        return own();
      })
      .then((answer) => this.#answerBy(ownAnswer(answer)))
      .catch((error: unknown) => this.refused(PlinthError.from(error)));
  }

  #record(): void {
    if (this.#recorded) return;
    this.#recorded = true;
    recordRequest(this.#parts.metrics, this.#span, {
      method: this.method,
      route: this.policy?.path ?? "none",
      status: this.#status,
      seconds: (performance.now() - this.#startedAt) / 1000,
    });
  }
}

function passDeadline(exchange: HttpExchange): void {
  exchange.passDeadline();
}
