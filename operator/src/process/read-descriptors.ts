import type { DescribedFile } from "@plinth/module";

/** A field of a message as it lies on the wire: its number, and its bytes where it has a length. */
type Visit = (field: number, bytes: Uint8Array) => void;

/**
 * Reads packages, services and methods out of a binary `google.protobuf.FileDescriptorSet`, and no more. The library for protos would bring 20 MB and half a
 * second of start for these few names. Throws where the bytes are no such set.
 */
export function readDescriptors(bytes: Uint8Array): DescribedFile[] {
  const files: DescribedFile[] = [];
  fieldsOf(bytes, (field, file) => {
    if (field === 1) files.push(readFile(file));
  });
  return files;
}

function readFile(bytes: Uint8Array): DescribedFile {
  let name = "";
  const service: DescribedFile["service"][number][] = [];
  fieldsOf(bytes, (field, value) => {
    if (field === 2) name = text(value);
    if (field === 6) service.push(readService(value));
  });
  return { package: name, service };
}

function readService(bytes: Uint8Array): DescribedFile["service"][number] {
  const method: { readonly name: string }[] = [];
  fieldsOf(bytes, (field, value) => {
    if (field === 2) method.push({ name: nameIn(value) });
  });
  return { name: nameIn(bytes), method };
}

/** Files, services and methods alike have their name first. */
function nameIn(bytes: Uint8Array): string {
  let name = "";
  fieldsOf(bytes, (field, value) => {
    if (field === 1) name = text(value);
  });
  return name;
}

function fieldsOf(bytes: Uint8Array, visit: Visit): void {
  let at = 0;
  while (at < bytes.length) {
    const tag = varint();
    const [field, wireType] = [tag >>> 3, tag & 7];
    if (wireType === 0) varint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === 2) {
      const length = varint();
      visit(field, bytes.subarray(at, at + length));
      at += length;
    } else throw new Error(`wire type ${wireType} at byte ${at}`);
    if (at > bytes.length) throw new Error(`cut off at byte ${bytes.length}`);
  }

  function varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error(`cut off at byte ${bytes.length}`);
      // Values beyond 32 bits are none of those that are looked at.
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new Error(`a number without an end at byte ${at}`);
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
