// SPDX-License-Identifier: MIT
// Vector files, conversion, exact ground truth and recall; what is in a .skep file.
import {callStoppable} from './call.js';
import {callAsync, callSync, invalid} from './errors.js';
import {bytesAt, takeTexts} from './keys.js';
import {metricNumber} from './names.js';
import {fill, native, structs} from './native.js';
import {copyRows, plainRows, Rows, toRows} from './rows.js';

// The rows of a vector file: fvecs, bvecs, ivecs, fbin, u8bin, i8bin, ibin or npy.
export async function readVectors(path) {
    const out = [null];
    await callAsync(native.vectorsOpen, [path, out]);
    try {
        const view = fill(structs.matrix);
        callSync(native.vectorsView, out[0], view);
        return copyRows(view, bytesAt);
    } finally {
        native.vectorsClose(out[0]);
    }
}

// Writes rows in the format of the path's extension; what that cannot hold exactly fails the call.
export async function writeVectors(path, rows, call) {
    const matrix = plainRows(toRows(rows, 0));
    await callStoppable(native.vectorsWrite, call, (control) => [path, matrix, control]);
}

// Rows as another element type, rounded to its nearest value, ties to even.
export async function convert(rows, dtype) {
    const source = toRows(rows, 0);
    const converted = Rows.zeros(dtype, source.length, source.dim);
    await callAsync(native.vectorsConvert, [plainRows(source), plainRows(converted)]);
    return converted;
}

// The k nearest base rows of each query by a plain double-precision scan: ids and distances, k per query, padded with 2^32 - 1
// and Infinity.
export async function groundTruth(runtime, base, queries, {metric = 'l2', k, ...call}) {
    if (!Number.isSafeInteger(k) || k < 0) throw new RangeError(`ground truth: k is ${k}; expected a whole number, 1 or more`);
    const baseRows = toRows(base, 0);
    const queryRows = toRows(queries, 0);
    const ids = new Uint32Array(queryRows.length * k);
    const distances = new Float32Array(queryRows.length * k);
    await runtime.hold('ground truth', (pointer) => callStoppable(native.groundTruth, call, (control) => [
        pointer, plainRows(baseRows), plainRows(queryRows), metricNumber(metric), k, ids, distances, control,
    ]));
    return {ids, distances};
}

// Share of the true nearest that was found, averaged over queries. keys (BigUint64Array), distances: k per query;
// trueDistances: as many or more per query, ascending.
export async function recall(numQueries, keys, distances, trueDistances) {
    const divides = (list) => numQueries > 0 && list.length % numQueries === 0;
    if (!divides(keys) || distances.length !== keys.length || !divides(trueDistances)) {
        throw invalid(`recall: ${keys.length} keys, ${distances.length} distances, ${trueDistances.length} true distances; ` +
            `expected numQueries (${numQueries}) times k, the same, numQueries times truthK`);
    }
    const out = [0];
    await callAsync(native.recall, [
        numQueries, keys.length / numQueries, keys, distances, trueDistances.length / numQueries, trueDistances, out,
    ]);
    return out[0];
}

// What is in a .skep file; reads the header and the metadata only.
export async function describeFile(path) {
    const out = [null];
    await callAsync(native.fileDescribe, [path, out]);
    return JSON.parse(takeTexts(out[0])[0]);
}
