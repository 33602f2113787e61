/** The callee's side of the permission matrix: which module may call which of my methods and paths. */
export interface Matrix {
  /** Throws `forbidden` with reason PERMISSION_DENIED and metadata `{from, to, method}`. `method` is `plinth.blog.v1.BlogService/GetPost`. */
  checkMethod(from: string, method: string): void;
  /** The same for a plain HTTP endpoint. */
  checkEndpoint(from: string, httpMethod: string, path: string): void;
}
