/** Where secret values come from; `secrets/` has the drivers. */
export interface SecretSource {
  /** The value, or undefined when there is none under this name. */
  get(name: string): string | undefined;
  /** Called after any secret changed. The answer stops it. */
  onChange(listener: () => void): () => void;
}
