/** DER of the one extension that the library has no words for (RFC 5280, 4.2.1.10: name constraints). */

export function nameConstraints(names: readonly string[]): Uint8Array<ArrayBuffer> {
  const permitted = names.map((name) => element(0x30, element(0x82, Buffer.from(name, 'latin1'))));
  // A kind of name that is not permitted at all has to be excluded as a whole: a list says nothing of other kinds.
  const excluded = [8, 32].map((bytes) => element(0x30, element(0x87, Buffer.alloc(bytes))));
  return new Uint8Array(element(0x30, element(0xa0, ...permitted), element(0xa1, ...excluded)));
}

function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length =
    body.length < 128
      ? [body.length]
      : body.length < 256
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
