/**
 * XXH3, 64 bits, with seed 0 and the standard secret: the hash that DIGEST returns and DELEX compares.
 * Works on bytes only.
 */

// The constants of the specification.
const SECRET = Buffer.from(
  "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f" +
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c" +
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8" +
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364" +
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e" +
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e",
  "hex",
);
const PRIME32_1 = 0x9e3779b1n;
const PRIME32_2 = 0x85ebca77n;
const PRIME32_3 = 0xc2b2ae3dn;
const PRIME64_1 = 0x9e3779b185ebca87n;
const PRIME64_2 = 0xc2b2ae3d27d4eb4fn;
const PRIME64_3 = 0x165667b19e3779f9n;
const PRIME64_4 = 0x85ebca77c2b2ae63n;
const PRIME64_5 = 0x27d4eb2f165667c5n;
const MIX_1 = 0x165667919e3779f9n;
const MIX_2 = 0x9fb21c651e98df25n;
const LOW = 0xffffffffn;

const STRIPE = 64;
const BLOCK = 1024;
const STRIPES = BLOCK / STRIPE;
const INDEXES = [0, 1, 2, 3, 4, 5, 6, 7] as const;

const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
const secret = (at: number): bigint => SECRET.readBigUInt64LE(at);

function rotate(value: bigint, bits: bigint): bigint {
  return wrap(value << bits) | (value >> (64n - bits));
}

/** XOR the two halves of the 128-bit product. */
function fold(a: bigint, b: bigint): bigint {
  const product = a * b;
  return wrap(product) ^ (product >> 64n);
}

function avalanche(value: bigint): bigint {
  const mixed = wrap((value ^ (value >> 37n)) * MIX_1);
  return mixed ^ (mixed >> 32n);
}

function oldAvalanche(value: bigint): bigint {
  const first = wrap((value ^ (value >> 33n)) * PRIME64_2);
  const second = wrap((first ^ (first >> 29n)) * PRIME64_3);
  return second ^ (second >> 32n);
}

function swapBytes(value: bigint): bigint {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64LE(value);
  return bytes.readBigUInt64BE();
}

function hashUpTo3(input: Buffer): bigint {
  const { length } = input;
  if (length === 0) return oldAvalanche(secret(56) ^ secret(64));
  const [first = 0] = input;
  const middle = input[length >> 1] ?? 0;
  const last = input[length - 1] ?? 0;
  const combined = BigInt((middle << 24) | (first << 16) | (length << 8) | last) & LOW;
  return oldAvalanche(BigInt((SECRET.readUInt32LE(0) ^ SECRET.readUInt32LE(4)) >>> 0) ^ combined);
}

function hash4To8(input: Buffer): bigint {
  const { length } = input;
  const combined = BigInt(input.readUInt32LE(length - 4)) | (BigInt(input.readUInt32LE(0)) << 32n);
  let value = secret(8) ^ secret(16) ^ combined;
  value = wrap((value ^ rotate(value, 49n) ^ rotate(value, 24n)) * MIX_2);
  value = wrap((value ^ ((value >> 35n) + BigInt(length))) * MIX_2);
  return value ^ (value >> 28n);
}

function hash9To16(input: Buffer): bigint {
  const { length } = input;
  const low = secret(24) ^ secret(32) ^ input.readBigUInt64LE(0);
  const high = secret(40) ^ secret(48) ^ input.readBigUInt64LE(length - 8);
  return avalanche(wrap(BigInt(length) + swapBytes(low) + high + fold(low, high)));
}

function mix(input: Buffer, at: number, secretAt: number): bigint {
  return fold(
    input.readBigUInt64LE(at) ^ secret(secretAt),
    input.readBigUInt64LE(at + 8) ^ secret(secretAt + 8),
  );
}

function hash17To128(input: Buffer): bigint {
  const { length } = input;
  let sum = BigInt(length) * PRIME64_1;
  for (let i = (length - 1) >> 5; i >= 0; i--) {
    sum += mix(input, i * 16, i * 32) + mix(input, length - i * 16 - 16, i * 32 + 16);
  }
  return avalanche(wrap(sum));
}

function hash129To240(input: Buffer): bigint {
  const { length } = input;
  let sum = BigInt(length) * PRIME64_1;
  for (let i = 0; i < 8; i++) sum += mix(input, i * 16, i * 16);
  sum = avalanche(wrap(sum));
  for (let i = 8; i < length >> 4; i++) sum += mix(input, i * 16, (i - 8) * 16 + 3);
  return avalanche(wrap(sum + mix(input, length - 16, 119)));
}

/** One accumulator per 8 bytes of a stripe; stored values wrap at 64 bits. */
type Accumulators = BigUint64Array;

function accumulate(
  sums: Accumulators,
  input: Buffer,
  [at, secretAt]: readonly [number, number],
): void {
  for (const index of INDEXES) {
    const data = input.readBigUInt64LE(at + index * 8);
    const keyed = data ^ secret(secretAt + index * 8);
    sums[index ^ 1] = (sums[index ^ 1] ?? 0n) + data;
    sums[index] = (sums[index] ?? 0n) + (keyed & LOW) * (keyed >> 32n);
  }
}

function scramble(sums: Accumulators): void {
  for (const index of INDEXES) {
    const value = sums[index] ?? 0n;
    sums[index] = (value ^ (value >> 47n) ^ secret(SECRET.length - STRIPE + index * 8)) * PRIME32_1;
  }
}

function hashLong(input: Buffer): bigint {
  const { length } = input;
  const sums = BigUint64Array.of(
    ...[PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1],
  );
  // The last stripe is separate even where it ends a block: it is read from the end of the input.
  const stripes = Math.floor((length - 1) / STRIPE);
  for (let i = 0; i < stripes; i++) {
    accumulate(sums, input, [i * STRIPE, (i % STRIPES) * 8]);
    if (i % STRIPES === STRIPES - 1) scramble(sums);
  }
  accumulate(sums, input, [length - STRIPE, SECRET.length - STRIPE - 7]);
  let sum = BigInt(length) * PRIME64_1;
  for (let i = 0; i < 8; i += 2) {
    sum += fold((sums[i] ?? 0n) ^ secret(11 + i * 8), (sums[i + 1] ?? 0n) ^ secret(19 + i * 8));
  }
  return avalanche(wrap(sum));
}

function hash(input: Buffer): bigint {
  const { length } = input;
  if (length <= 3) return hashUpTo3(input);
  if (length <= 8) return hash4To8(input);
  if (length <= 16) return hash9To16(input);
  if (length <= 128) return hash17To128(input);
  return length <= 240 ? hash129To240(input) : hashLong(input);
}

/**
 * Compute the hash that DIGEST returns.
 *
 * @returns 16 hexadecimal digits.
 */
export function xxh3(bytes: Uint8Array): string {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return hash(input).toString(16).padStart(16, "0");
}
