// SHA-256 in plain JavaScript: a page that comes over http, or from its folder, has no crypto.subtle.

/** The first 32 bits behind the point of the roots of the first primes: what FIPS 180-4 starts from. */
function fractions(count, root) {
  const found = [];
  for (let candidate = 2; found.length < count; candidate += 1) {
    let divisor = 2;
    while (divisor * divisor <= candidate && candidate % divisor) divisor += 1;
    if (divisor * divisor > candidate) found.push(((candidate ** (1 / root)) % 1) * 2 ** 32 | 0);
  }
  return found;
}

const START = fractions(8, 2);
const ROUNDS = fractions(64, 3);

function turned(word, by) {
  return (word >>> by) | (word << (32 - by));
}

/** The hash of some texts with a bar between them: 32 bytes. */
function digestBytes(...parts) {
  const text = new TextEncoder().encode(parts.join("|"));
  const padded = new DataView(new ArrayBuffer(Math.ceil((text.length + 9) / 64) * 64));
  text.forEach((byte, at) => padded.setUint8(at, byte));
  padded.setUint8(text.length, 0x80);
  padded.setUint32(padded.byteLength - 8, Math.floor(text.length / 2 ** 29));
  padded.setUint32(padded.byteLength - 4, (text.length * 8) >>> 0);
  const state = Int32Array.from(START);
  const words = new Int32Array(64);
  for (let block = 0; block < padded.byteLength; block += 64) {
    for (let t = 0; t < 64; t += 1) {
      if (t < 16) {
        words[t] = padded.getInt32(block + 4 * t);
        continue;
      }
      const early = words[t - 15];
      const late = words[t - 2];
      const mixedEarly = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
      const mixedLate = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
      words[t] = words[t - 16] + mixedEarly + words[t - 7] + mixedLate;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t += 1) {
      const mixedE = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
      const one = (h + mixedE + ((e & f) ^ (~e & g)) + ROUNDS[t] + words[t]) | 0;
      const mixedA = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
      const two = (mixedA + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, at) => (state[at] += word));
  }
  const bytes = new DataView(new ArrayBuffer(32));
  state.forEach((word, at) => bytes.setInt32(4 * at, word));
  return new Uint8Array(bytes.buffer);
}

/** The same in hexadecimal. */
function digest(...parts) {
  return Array.from(digestBytes(...parts), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
