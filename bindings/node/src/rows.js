// SPDX-License-Identifier: MIT
// Rows: a typed array, how long a row is, and what its elements are.
import {SkepError} from './errors.js';
import {fill, native, structs} from './native.js';
import {dtypeNumber} from './names.js';

const arrays = {f32: Float32Array, f16: Uint16Array, bf16: Uint16Array, i8: Int8Array, u8: Uint8Array, i32: Int32Array};
const DIMENSION_MISMATCH = 3;
const MEMORY_HOST = 1;

// A row-major matrix over a typed array, which it shares. dtype: from the array where that is not a Uint16Array.
export class Rows {
    constructor(data, dim, dtype = Object.keys(arrays).find((name) => data instanceof arrays[name])) {
        if (arrays[dtype] === undefined || !(data instanceof arrays[dtype])) {
            throw new TypeError(`rows: ${data?.constructor?.name} does not hold ${dtype}; expected a typed array of it`);
        }
        if (data instanceof Uint16Array && arguments.length < 3) {
            throw new TypeError("rows: a Uint16Array may hold f16 or bf16; expected dtype 'f16' or 'bf16'");
        }
        if (!Number.isInteger(dim) || dim < 0 || (dim === 0 ? data.length !== 0 : data.length % dim !== 0)) {
            throw new SkepError(DIMENSION_MISMATCH, `rows: ${data.length} components do not divide into rows of ${dim}`);
        }
        this.data = data;
        this.dim = dim;
        this.dtype = dtype;
        this.length = dim === 0 ? 0 : data.length / dim;
    }

    row(index) {
        return this.data.subarray(index * this.dim, (index + 1) * this.dim);
    }

    static zeros(dtype, length, dim) {
        return new Rows(new arrays[dtype](length * dim), dim, dtype);
    }
}

// What a method was given as rows: Rows, or an array of arrays of numbers, which become f32.
export function toRows(value, dim) {
    if (value instanceof Rows) return value;
    if (!Array.isArray(value)) throw new TypeError(`rows: ${typeof value}; expected Rows or an array of arrays of numbers`);
    const length = value.length === 0 ? dim : value[0].length;
    if (value.some((row) => row.length !== length)) {
        throw new SkepError(DIMENSION_MISMATCH, `rows: not all are as long as the first, which has ${length} components`);
    }
    return new Rows(Float32Array.from(value.flat()), length);
}

export const plainRows = (rows) => fill(structs.matrix, {
    dtype: dtypeNumber(rows.dtype), memory_kind: MEMORY_HOST, num_rows: rows.length, dim: rows.dim, data: rows.data,
});

// Copies rows that libskep lent, stride and all.
export function copyRows(view, bytesAt) {
    const dtype = native.dtypeName(view.dtype);
    const rows = Rows.zeros(dtype, Number(view.num_rows), view.dim);
    const target = new Uint8Array(rows.data.buffer);
    const rowBytes = view.dim * rows.data.BYTES_PER_ELEMENT;
    const stride = Number(view.row_stride_bytes) || rowBytes;
    if (rows.length === 0) return rows;
    const source = bytesAt(view.data, (rows.length - 1) * stride + rowBytes);
    for (let row = 0; row < rows.length; ++row) {
        target.set(source.subarray(row * stride, row * stride + rowBytes), row * rowBytes);
    }
    return rows;
}
