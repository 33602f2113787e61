import type { WorkerEvents } from "graphile-worker";
import type { PoolClient } from "pg";
import { escapeLiteral } from "pg";
import { type Listener, type ListenerQuery, listen } from "../database/listen.ts";
import type { Logger } from "../logging/logger.ts";
import { showAlive, showGone } from "./lost-workers.ts";

/** The one that the library notifies and hears, whatever schema the job is in. */
const SHARED_CHANNEL = "jobs:insert";

export interface OwnQueue {
  readonly url: string;
  readonly schema: string;
  readonly logger: Logger;
}

/** SQL that tells the workers of this queue, and no others, of the job with this id; the id keeps several of one transaction apart. */
export function tellSql(schema: string, id: string): string {
  return `pg_notify(${escapeLiteral(schema)}, ${id}::text)`;
}

/**
 * Lets the workers hear of the jobs of this queue only: on the library's channel those of every module would look for each job of any other. Nor do they
 * hear of migrations, which the library tells in the same way. What is told to nobody, as the next time of a cron, is found by the library's poll.
 */
export function tendListeningClients(events: WorkerEvents, queue: OwnQueue): void {
  const listeners = new Map<PoolClient, Pick<Listener, "close">>();
  const released = new WeakSet<PoolClient>();
  const tend = async (client: PoolClient, workerId: string): Promise<void> => {
    await client.query("unlisten *");
    const forward = () => client.emit("notification", { channel: SHARED_CHANNEL, processId: 0, payload: "" });
    const { url, schema, logger } = queue;
    let query: ListenerQuery | undefined;
    const onConnect = (connected: ListenerQuery): void => {
      query = connected;
      showAlive(connected, workerId).catch((error: unknown) => logger.warn("The job worker could not show that it lives", { error }));
      forward();
    };
    const listener = await listen({ url, channels: [schema], onNotification: forward, onConnect, logger });
    const close = async (): Promise<void> => {
      if (query !== undefined) await showGone(query, workerId).catch(() => undefined);
      await listener.close();
    };
    if (released.has(client)) await close();
    else listeners.set(client, { close });
  };
  events.on("pool:listen:success", ({ client, workerPool }) => {
    released.delete(client);
    // The library sends its LISTEN right after this event; the connection is free once that is done.
    client.once("drain", () => {
      tend(client, workerPool.id).catch((error: unknown) =>
        queue.logger.warn("The job worker does not hear of new jobs; it only looks for them now and then", { error }),
      );
    });
  });
  events.on("pool:listen:release", ({ client }) => {
    released.add(client);
    void listeners.get(client)?.close();
    listeners.delete(client);
  });
}
