import { execFile } from "node:child_process";

/** How to start the server's programs, and whom its data folder must belong to. */
export interface ServerUser {
  /** Turns a program and its arguments into what to spawn. */
  command(program: string, args: readonly string[]): { file: string; args: string[] };
  /** Absent: the files stay whose they are. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** The server's version as the probe printed it: `postgres (PostgreSQL) 18.4`. */
  readonly version: string;
}

/** `nobody` on every Linux. */
const NOBODY = 65534;

/**
 * Postgres refuses to run as root. As root we therefore start it as another user, but one that may read what root
 * may: a clone often lies in a folder only root can enter. Each way is tried by asking the server for its version.
 */
export async function findServerUser(postgres: string): Promise<ServerUser> {
  const failures: string[] = [];
  for (const way of process.getuid?.() === 0 ? AS_ROOT : AS_ORDINARY_USER) {
    const { file, args } = way.command(postgres, ["--version"]);
    const { version, failure } = await run(file, args);
    if (version !== undefined) return { ...way, version };
    failures.push(`${[file, ...args].join(" ")}: ${failure}`);
  }
  const mend =
    process.getuid?.() === 0
      ? "Postgres does not run as root, and no way to start it as another user works here. Install util-linux (setpriv), " +
        "or start the platform as an ordinary user, or point it at a Postgres of yours."
      : 'The Postgres binaries do not run here. Run "npm ci" again on this machine, or point the platform at a Postgres of yours.';
  throw new Error(`${mend}\nTried:\n${failures.join("\n")}`);
}

type Way = Omit<ServerUser, "version">;

/** `--pdeathsig` lets the server shut down by itself when we are killed and cannot tell it to. */
const PARENT_DEATH = ["--pdeathsig", "INT"];

const AS_ROOT: readonly Way[] = [
  {
    // `nobody` with one right of root: to read and write files whatever their mode. initdb asks access(2) whether it may run its programs, and
    // that looks at such rights only where a change of the user leaves them alone: no_setuid_fixup.
    command: (program, args) => ({
      file: "setpriv",
      args: [
        ...[`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--inh-caps=+dac_override", "--ambient-caps=+dac_override"],
        "--securebits=+no_setuid_fixup",
        ...[...PARENT_DEATH, program, ...args],
      ],
    }),
    owner: { uid: NOBODY, gid: NOBODY },
  },
  {
    // A user namespace in which root is called by another number: the files stay root's.
    command: (program, args) => ({ file: "unshare", args: ["--user", "--map-user=1000", program, ...args] }),
    owner: { uid: 0, gid: 0 },
  },
];

const AS_ORDINARY_USER: readonly Way[] = [
  // Not on macOS, nor in the smallest containers: there the next start stops a server left behind.
  { command: (program, args) => ({ file: "setpriv", args: [...PARENT_DEATH, program, ...args] }) },
  { command: (program, args) => ({ file: program, args: [...args] }) },
];

function run(file: string, args: string[]): Promise<{ version?: string; failure?: string }> {
  return new Promise((resolve) => {
    execFile(file, args, (error, stdout, stderr) => {
      resolve(error === null ? { version: stdout.trim() } : { failure: stderr.trim() || error.message });
    });
  });
}
