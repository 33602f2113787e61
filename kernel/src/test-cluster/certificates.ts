import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A certificate and its key, as PEM texts and as files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate authority for one test, made by openssl. */
export interface Authority extends Certificate {
  /** `subject` as `/O=system:masters/CN=admin`. */
  issue(name: string, subject: string, names?: readonly string[]): Promise<Certificate>;
}

export async function createAuthority(folder: string, name = "ca"): Promise<Authority> {
  const files = filesOf(folder, name);
  const own = ["req", "-x509", ...NEW_KEY, "-keyout", files.keyFile, "-out", files.certFile];
  await run("openssl", [...own, "-days", "30", "-subj", `/CN=test ${name} ${createHash("sha1").update(folder).digest("hex").slice(0, 8)}`]);
  return {
    ...(await read(files)),
    async issue(issued, subject, names = []) {
      const made = filesOf(folder, issued);
      const request = join(folder, `${issued}.csr`);
      const extensions = join(folder, `${issued}.ext`);
      const purposes = "extendedKeyUsage=serverAuth,clientAuth\n";
      await writeFile(extensions, names.length === 0 ? purposes : `${purposes}subjectAltName=${names.join(",")}\n`);
      await run("openssl", ["req", "-new", ...NEW_KEY, "-keyout", made.keyFile, "-out", request, "-subj", subject]);
      // A serial number of its own, and not the next of a file: several are issued at the same time.
      const serial = `0x${randomBytes(8).toString("hex")}`;
      const sign = ["x509", "-req", "-in", request, "-CA", files.certFile, "-CAkey", files.keyFile, "-set_serial", serial];
      await run("openssl", [...sign, "-out", made.certFile, "-days", "30", "-extfile", extensions]);
      return await read(made);
    },
  };
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function filesOf(folder: string, name: string): { certFile: string; keyFile: string } {
  return { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) };
}

async function read(files: { certFile: string; keyFile: string }): Promise<Certificate> {
  const [cert, key] = await Promise.all([readFile(files.certFile, "utf8"), readFile(files.keyFile, "utf8")]);
  return { ...files, cert, key };
}
