// SPDX-License-Identifier: MIT
// Values of the conformance table (bindings/conformance/README.md) as JavaScript, and in one canonical form to compare.
import {Buffer} from 'node:buffer';

import {convert, Rows} from '../src/index.js';

// A text, or the bytes of a {hex} or of what is repeated.
export function textOf(value) {
    if (typeof value === 'string') return value;
    if (value.hex !== undefined) return new Uint8Array(Buffer.from(value.hex, 'hex'));
    return value.repeat.repeat(value.times);
}

const special = {nan: NaN, inf: Infinity, '-inf': -Infinity};
export const numberOf = (value) => (typeof value === 'string' ? special[value] : value);

export const keysOf = (keys, kind) => keys.map((key) => (kind === 'string' ? textOf(key) : BigInt(key)));

const bitsOf = {f16: 0x7c00, bf16: 0x7f80};

// What conversion refuses must still reach the call under test.
async function halfOf(number, dtype) {
    if (Number.isNaN(number)) return bitsOf[dtype] + 1;
    if (!Number.isFinite(number)) return bitsOf[dtype] | (number < 0 ? 0x8000 : 0);
    return (await convert([[number]], dtype)).data[0];
}

const arrays = {f32: Float32Array, i8: Int8Array, u8: Uint8Array, i32: Int32Array};

// dim: of an empty list.
export async function rowsOf(value, dtype, dim) {
    const numbers = value.flat().map(numberOf);
    const length = value.length === 0 ? dim : value[0].length;
    if (arrays[dtype]) return new Rows(arrays[dtype].from(numbers), length, dtype);
    const halves = await Promise.all(numbers.map((number) => halfOf(number, dtype)));
    return new Rows(Uint16Array.from(halves), length, dtype);
}

export async function componentsOf(rows) {
    const wide = rows.data instanceof Uint16Array ? await convert(rows, 'f32') : rows;
    return Array.from({length: wide.length}, (_, index) => Array.from(wide.row(index)));
}

const hexOf = (value) => Buffer.from(textOf(value)).toString('hex');

// A field of an answer or an expectation: distances rounded to f32, texts as the hex of their bytes, u64 keys as bigints.
export function canonical(field, value, kind) {
    if (Array.isArray(value)) return value.map((item) => canonical(field, item, kind));
    if (field === 'keys') return kind === 'string' ? hexOf(value) : BigInt(value);
    if (field === 'payloads') return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : hexOf(value);
    if (field === 'distances' || field === 'similarity') return Math.fround(numberOf(value));
    if (field === 'rows') return numberOf(value);
    return typeof value === 'bigint' ? Number(value) : value;
}
