// SPDX-License-Identifier: MIT
// How every call fails, and how it is made.
import {Buffer} from 'node:buffer';

import {native} from './native.js';

const layers = ['none', 'client', 'core', 'loader', 'backend', 'driver'];

// A failed call. `code` is the name in status.h: 'SKEP_DUPLICATE_KEY'.
export class SkepError extends Error {
    constructor(number, message, {layer = 'client', nativeCode = 0, cause} = {}) {
        super(message, cause === undefined ? undefined : {cause});
        this.name = 'SkepError';
        this.code = native.statusName(number);
        this.number = number;
        this.layer = layer;
        this.nativeCode = nativeCode;
    }
}

export const INVALID_ARGUMENT = 1;
export const CANCELLED = 32;

export const invalid = (message) => new SkepError(INVALID_ARGUMENT, message);

// skep_error, read by hand where a call failed: struct_size, code, layer, reserved (4 bytes each), native_code (8), message.
const errorBytes = 1024;
const messageOffset = 24;

function makeError() {
    const error = Buffer.alloc(errorBytes);
    error.writeUInt32LE(errorBytes, 0);
    return error;
}

function readError(status, error, cause) {
    const end = error.indexOf(0, messageOffset);
    return new SkepError(status, error.toString('utf8', messageOffset, end), {
        layer: layers[error.readInt32LE(8)] ?? 'none',
        nativeCode: Number(error.readBigInt64LE(16)),
        cause,
    });
}

// Makes a quick call on this thread; its error argument comes last and is added here.
export function callSync(call, ...args) {
    const error = makeError();
    const status = call(...args, error);
    if (status !== 0) throw readError(status, error);
}

// Makes a call off the event loop. Everything passed stays referenced until it is done.
export function callAsync(call, args, causeOf = () => undefined) {
    const error = makeError();
    return new Promise((resolve, reject) => {
        call.async(...args, error, (failure, status) => {
            if (failure) reject(failure);
            else if (status !== 0) reject(readError(status, error, causeOf(status)));
            else resolve(args);
        });
    });
}
