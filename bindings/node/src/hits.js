// SPDX-License-Identifier: MIT
// What searches answer.
import {bytesAt, copyList, toText} from './keys.js';

function hitsBetween({keys, names, distances, payloads}, begin, end) {
    const hits = [];
    for (let position = begin; position < end; ++position) {
        const hit = {key: names ? names[position] : keys[position], distance: distances[position]};
        if (payloads) hit.payload = payloads[position];
        hits.push(hit);
    }
    return hits;
}

// Answers of a search, k for each query. Missing ones have key 2^64 - 1 (an empty name) and distance Infinity in the arrays;
// of() leaves them out.
export class Hits {
    constructor(fields) {
        Object.assign(this, fields);
    }

    of(query) {
        return hitsBetween(this, query * this.k, query * this.k + Number(this.counts[query]));
    }

    * [Symbol.iterator]() {
        for (let query = 0; query < this.numQueries; ++query) yield this.of(query);
    }
}

// Answers of a range search: those of query q are at offsets[q] to offsets[q + 1].
export class RangeHits {
    constructor(view) {
        this.numQueries = Number(view.num_queries);
        const copy = (Type, pointer, length) => {
            const array = new Type(length);
            if (length !== 0) new Uint8Array(array.buffer).set(bytesAt(pointer, array.byteLength));
            return array;
        };
        this.offsets = Array.from(copy(BigUint64Array, view.offsets, this.numQueries + 1), Number);
        const numAnswers = this.offsets[this.numQueries];
        this.distances = copy(Float32Array, view.distances, numAnswers);
        this.names = view.strings === null ? undefined : copyList(view.strings).map(toText);
        this.keys = view.strings === null ? copy(BigUint64Array, view.keys, numAnswers) : undefined;
    }

    of(query) {
        return hitsBetween(this, this.offsets[query], this.offsets[query + 1]);
    }

    * [Symbol.iterator]() {
        for (let query = 0; query < this.numQueries; ++query) yield this.of(query);
    }
}
