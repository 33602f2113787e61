import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "@plinth/kernel/testing";
import { stopProcess } from "../measure/server-process.ts";

/** An nginx of one process on one core. */
export interface Nginx {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts nginx with its files in `folder`. `upstream`: further lines of its `http` block. */
export async function startNginx(folder: string, name: string, core: string, location: string, upstream = ""): Promise<Nginx> {
  const port = await freePort();
  const file = join(folder, `${name}.conf`);
  await writeFile(
    file,
    `daemon off; master_process off; pid ${join(folder, name)}.pid; error_log stderr crit; worker_rlimit_nofile 4096;
     events { worker_connections 2048; }
     http { access_log off; keepalive_requests 1000000000; ${upstream}
            client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
            server { listen 127.0.0.1:${port}; ${location} } }`,
  );
  const child = spawn("taskset", ["-c", core, "nginx", "-c", file, "-p", folder], { stdio: ["ignore", "inherit", "inherit"] });
  await answering(port);
  return { port, pid: child.pid ?? 0, stop: () => stopProcess(child) };
}

async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (answer !== undefined) return;
    await delay(50);
  }
  throw new Error(`Nothing answers on port ${port}.`);
}
