import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Transaction } from "../database/database.ts";
import type { Envelope } from "./bus.ts";

/** Its writes in `tx` commit together with the note that the event was handled. Effects elsewhere may be repeated. */
export type EventHandler<M extends DescMessage> = (event: MessageShape<M>, tx: Transaction, envelope: Envelope) => Promise<void>;

/** Hears every event in every instance; nothing notes that it did. */
export type BroadcastHandler<M extends DescMessage> = (event: MessageShape<M>, envelope: Envelope) => void | Promise<void>;
