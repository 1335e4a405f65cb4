// SPDX-License-Identifier: MIT
// Keys and payloads as arguments, and the lists that libskep hands out.
import {TextDecoder, TextEncoder} from 'node:util';

import koffi from 'koffi';

import {invalid} from './errors.js';
import {fill, native, structs} from './native.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const bytesOf = (item) => (item instanceof Uint8Array ? item : encoder.encode(String(item)));

// Texts or bytes, one behind the other.
function pack(items) {
    const list = Array.from(items, bytesOf);
    const offsets = new BigUint64Array(list.length + 1);
    const bytes = new Uint8Array(list.reduce((sum, item) => sum + item.length, 0));
    let end = 0;
    list.forEach((item, position) => {
        bytes.set(item, end);
        end += item.length;
        offsets[position + 1] = BigInt(end);
    });
    return {count: list.length, offsets, bytes};
}

export const plainPayloads = (payloads) => (payloads === undefined ? null : fill(structs.byteListView, pack(payloads)));

function toNumbers(operation, keys) {
    if (keys instanceof BigUint64Array) return keys;
    return BigUint64Array.from(keys, (key, position) => {
        const number = typeof key === 'bigint' ? key : Number.isSafeInteger(key) ? BigInt(key) : -1n;
        if (number < 0n || number > 0xffffffffffffffffn) {
            throw invalid(`${operation}: key ${position} is ${String(key)}; expected a whole number from 0 on, a bigint above 2^53`);
        }
        return number;
    });
}

// Keys of a kind: numbers, bigints or a BigUint64Array for u64; strings or Uint8Arrays for string.
export function plainKeys(operation, keys, keyKind) {
    if (keys === undefined || keys === null || typeof keys === 'string' || typeof keys[Symbol.iterator] !== 'function') {
        throw new TypeError(`${operation}: keys are ${typeof keys}; expected a list`);
    }
    if (keyKind === 'string') return fill(structs.keys, {kind: 1, ...pack(keys)});
    const numbers = toNumbers(operation, keys);
    return fill(structs.keys, {kind: 0, count: numbers.length, u64: numbers});
}

// Bytes that libskep lent, without a copy: valid as long as what they belong to.
export const bytesAt = (pointer, length) => new Uint8Array(koffi.view(pointer, length));

export function copyList(list) {
    const count = Number(native.byteListCount(list));
    const items = new Array(count);
    const size = [0];
    for (let item = 0; item < count; ++item) {
        const bytes = native.byteListAt(list, item, size);
        const length = Number(size[0]);
        items[item] = length === 0 ? new Uint8Array(0) : bytesAt(bytes, length).slice();
    }
    return items;
}

// Copies a list and gives it back.
export function takeList(list) {
    try {
        return copyList(list);
    } finally {
        native.byteListDestroy(list);
    }
}

export const toText = (bytes) => decoder.decode(bytes);
export const takeTexts = (list) => takeList(list).map(toText);
