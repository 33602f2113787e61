/** What only the reconcile knows: read from the cluster, or made once and kept. */
export interface Parts {
  /** Number of the accepted spec in the module's history; counts up. */
  readonly revision: number;
  /** Undefined where the module has no role on Postgres, and in a plan made without a cluster. */
  readonly database?: DatabaseAccess;
  /** Which try at the migration this is, from 1: a Job cannot be run again. */
  readonly migrationAttempt: number;
  /**
   * Replicas that the Deployment keeps until the autoscaler has written its own number. Without it a module that goes over from `replicas` to
   * `autoscaling` would fall to one replica at the moment when the operator lets go of the field.
   */
  readonly heldReplicas?: number;
}

/** Roles of a module on Postgres: passwords are made once, and stay until a rotation is asked for. */
export interface DatabaseAccess {
  readonly username: string;
  readonly password: string;
  /** Connection URL in the service role. */
  readonly url: string;
  /** Connection URL in the role that owns the schema; runs migrations. */
  readonly ownerUrl: string;
}
