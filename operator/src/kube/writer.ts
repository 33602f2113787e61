import { isConflict, isNotFound, type KubeClient, type KubeObject, resourcePath, withoutManagedFields } from "@plinth/kernel/kube";
import { getKind } from "./kinds.ts";

/** Who owns the fields that the operator writes. */
export const FIELD_MANAGER = "plinth-operator";

/** An object by its name: any object is a reference to itself. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly namespace?: string; readonly name: string };
}

export interface WriteOptions {
  /** The server checks and answers as if it wrote. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export interface ApplyOptions extends WriteOptions {
  /** Takes fields over that others own; without it they are a `Conflict` that names them. */
  readonly force?: boolean;
}

export interface PatchOptions extends WriteOptions {
  /** `merge` (the default), or `json` for a list of steps, which is not tried again by itself. */
  readonly type?: "merge" | "json";
  readonly subresource?: string;
}

export interface DeleteOptions extends WriteOptions {
  /** Only this very object, not another one under its name. */
  readonly uid?: string;
  /** What becomes of what it owns; `Background` unless said otherwise. */
  readonly propagation?: "Background" | "Foreground" | "Orphan";
}

/** Writes to the API server as the operator. All answers come without `managedFields`; failures are `KubeError`s. */
export interface Writer {
  /** Server-side apply: fields that were applied before and are missing now are removed. */
  apply<T extends KubeObject = KubeObject>(object: KubeObject, options?: ApplyOptions): Promise<T>;
  /** Applies `status` alone, of an object that is there; of the rest, only who it is is sent. With a uid, another one under its name is `Invalid`. */
  applyStatus<T extends KubeObject = KubeObject>(object: KubeObject, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject = KubeObject>(ref: ObjectRef, patch: unknown, options?: PatchOptions): Promise<T>;
  /** Fails with `AlreadyExists` where one is there. */
  create<T extends KubeObject = KubeObject>(object: KubeObject, options?: WriteOptions): Promise<T>;
  /** False when it was not there, or is another one by now. True does not mean that it is gone: finalizers may hold it. */
  delete(ref: ObjectRef, options?: DeleteOptions): Promise<boolean>;
}

export function createWriter(client: KubeClient): Writer {
  async function write<T extends KubeObject>(
    method: "PATCH" | "POST",
    ref: ObjectRef,
    content: { body: unknown; type: string; subresource?: string; force?: boolean; retry?: boolean },
    { dryRun = false, signal }: WriteOptions,
  ): Promise<T> {
    const { namespace, name } = ref.metadata;
    const at = { ...(namespace !== undefined && { namespace }), ...(method === "PATCH" && { name }) };
    const written = await client.request<T>({
      method,
      path: resourcePath(getKind(ref), content.subresource === undefined ? at : { ...at, subresource: content.subresource }),
      query: {
        fieldManager: FIELD_MANAGER,
        fieldValidation: "Strict",
        force: content.force === true ? true : undefined,
        dryRun: dryRun ? "All" : undefined,
      },
      contentType: content.type,
      body: content.body,
      ...(content.retry !== undefined && { retry: content.retry }),
      ...(signal !== undefined && { signal }),
    });
    return withoutManagedFields(written);
  }

  return {
    apply: (object, { force = false, ...options } = {}) => write("PATCH", object, { body: goJson(object), type: APPLY, force }, options),
    applyStatus(object, options = {}) {
      const { name, namespace, uid } = object.metadata;
      const { apiVersion, kind, status } = object;
      const body = { apiVersion, kind, metadata: { name, namespace, uid }, status };
      // Nobody else has a say in what the operator reports.
      return write("PATCH", object, { body: goJson(body), type: APPLY, subresource: "status", force: true }, options);
    },
    patch(ref, patch, { type = "merge", subresource, ...options } = {}) {
      const content = { body: patch, type: type === "json" ? "application/json-patch+json" : "application/merge-patch+json" };
      return write("PATCH", ref, subresource === undefined ? content : { ...content, subresource }, options);
    },
    // It has a name, so that done twice is done once.
    create: (object, options = {}) => write("POST", object, { body: goJson(object), type: "application/json", retry: true }, options),
    async delete(ref, { uid, propagation = "Background", dryRun = false, signal } = {}) {
      try {
        await client.request({
          method: "DELETE",
          path: resourcePath(getKind(ref), ref.metadata),
          body: {
            apiVersion: "v1",
            kind: "DeleteOptions",
            propagationPolicy: propagation,
            ...(uid !== undefined && { preconditions: { uid } }),
            ...(dryRun && { dryRun: ["All"] }),
          },
          ...(signal !== undefined && { signal }),
        });
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        // The precondition did not hold, or somebody else is at it: only another uid says which.
        if (uid === undefined || !isConflict(error)) throw error;
        const found = await client.find(getKind(ref), ref.metadata, { ...(signal !== undefined && { signal }) });
        if (found?.metadata.uid === uid) throw error;
        return false;
      }
    },
  };
}

const APPLY = "application/apply-patch+yaml";

/**
 * JSON as Go writes it, with `<`, `>`, `&` and the separators of lines and paragraphs escaped. What has no schema, as `data` of a ControllerRevision, the API
 * server keeps byte for byte as it was created; the first patch of anything in the object writes it anew, and other bytes are a change, which is refused. An
 * apply is read as YAML, where a bare separator is the end of a line.
 */
function goJson(object: object): string {
  return JSON.stringify(object).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
