import { createSocket } from "node:dgram";
import { once } from "node:events";

/** A name server over UDP with A and SRV records, which a test can change. */
export interface NameServer {
  /** `host:port`. */
  readonly address: string;
  addresses(name: string): Set<string>;
  /** SRV records: the port by name. */
  readonly ports: Map<string, number>;
  /** Answers SERVFAIL. */
  failing: boolean;
  readonly questions: number;
  readonly asked: ReadonlySet<string>;
  close(): Promise<void>;
}

const A = 1;
const SRV = 33;
const NO_ERROR = 0x8180;
const SERVER_FAILURE = 0x8182;
const NAME_ERROR = 0x8183;

/** For tests of what asks by DNS. */
export async function startNameServer(): Promise<NameServer> {
  const socket = createSocket("udp4");
  const hosts = new Map<string, Set<string>>();
  const ports = new Map<string, number>();
  const asked = new Set<string>();
  const state = { failing: false, questions: 0 };

  function records(name: string, type: number): Buffer[] {
    if (type === A) return [...(hosts.get(name) ?? [])].map((host) => Buffer.from(host.split(".").map(Number)));
    const port = ports.get(name);
    if (type !== SRV || port === undefined) return [];
    const fixed = Buffer.alloc(6);
    fixed.writeUInt16BE(port, 4);
    return [Buffer.concat([fixed, encodedName(name.split(".").slice(2).join("."))])];
  }

  socket.on("message", (query, { port, address }) => {
    const { name, type, end } = questionOf(query);
    asked.add(name);
    state.questions++;
    const found = state.failing ? [] : records(name, type);
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    const known = found.length > 0 || hosts.has(name) || ports.has(name);
    header.writeUInt16BE(state.failing ? SERVER_FAILURE : known ? NO_ERROR : NAME_ERROR, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(found.length, 6);
    socket.send(Buffer.concat([header, query.subarray(12, end), ...found.map((data) => answer(type, data))]), port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    addresses(name) {
      const known = hosts.get(name) ?? new Set();
      hosts.set(name, known);
      return known;
    },
    ports,
    get failing() {
      return state.failing;
    },
    set failing(failing) {
      state.failing = failing;
    },
    get questions() {
      return state.questions;
    },
    asked,
    async close() {
      socket.close();
      await once(socket, "close");
    },
  };
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  // Resolvers mix cases, as a guard against forged answers.
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function encodedName(name: string): Buffer {
  return Buffer.concat([...name.split(".").flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]), Buffer.from([0])]);
}

/** A record of the name in the question. */
function answer(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(5, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
