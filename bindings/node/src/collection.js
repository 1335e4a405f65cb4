// SPDX-License-Identifier: MIT
// Rows, keys and payloads on one device.
import koffi from 'koffi';

import {callStoppable} from './call.js';
import {callAsync, callSync, invalid} from './errors.js';
import {deviceOf, emptyDevice} from './device.js';
import {Handle} from './handle.js';
import {Hits, RangeHits} from './hits.js';
import {plainKeys, plainPayloads, takeList, takeTexts, toText} from './keys.js';
import {keyKinds} from './names.js';
import {fill, native, structs} from './native.js';
import {plainRows, Rows, toRows} from './rows.js';

const MISSING = 0xffffffffffffffffn;
const modes = {allow: 0, deny: 1};

const camelCase = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

// A place where libskep puts a pointer, as a member of a struct.
const makeSlot = () => koffi.alloc('void *', 1);
const readSlot = (slot) => koffi.decode(slot, 'void *');

export class Collection extends Handle {
    #info;

    // Takes over what libskep made. Not for callers: see Runtime.createCollection and open.
    constructor(pointer) {
        super('collection', pointer, native.collectionDestroy);
        const plain = fill(structs.collectionInfo);
        callSync(native.collectionGetInfo, pointer, plain);
        this.#info = Object.freeze({
            dim: plain.dim, metric: native.metricName(plain.metric), dtype: native.dtypeName(plain.dtype),
            index: native.indexKindName(plain.index), keyKind: keyKinds[plain.key_kind], m: plain.m,
            efConstruction: plain.ef_construction, seed: BigInt(plain.seed),
        });
    }

    get info() {
        return this.#info;
    }

    #keys(operation, keys) {
        return plainKeys(operation, keys, this.#info.keyKind);
    }

    // --- writing ---

    // Adds rows: all or none. Without keys they are numbered, and the first number is returned.
    async add(rows, {keys, payloads, ...call} = {}) {
        const matrix = plainRows(toRows(rows, this.#info.dim));
        const plain = keys === undefined ? null : this.#keys('add', keys);
        const list = plainPayloads(payloads);
        return this.hold('add', async (pointer) => {
            const firstKey = [0];
            await callStoppable(native.collectionAdd, call, (control) => [pointer, matrix, plain, list, control, firstKey]);
            return keys === undefined ? BigInt(firstKey[0]) : undefined;
        });
    }

    async upsert(rows, {keys, payloads, ...call}) {
        const matrix = plainRows(toRows(rows, this.#info.dim));
        const plain = this.#keys('upsert', keys);
        const list = plainPayloads(payloads);
        return this.hold('upsert', async (pointer) => {
            await callStoppable(native.collectionUpsert, call, (control) => [pointer, matrix, plain, list, control]);
        });
    }

    async remove(keys) {
        await this.#call('remove', native.collectionRemove, this.#keys('remove', keys));
    }

    async clear() {
        await this.#call('clear', native.collectionClear);
    }

    async reserve(numRows) {
        await this.#call('reserve', native.collectionReserve, numRows);
    }

    async compact(call) {
        return this.hold('compact', async (pointer) => {
            await callStoppable(native.collectionCompact, call, (control) => [pointer, control]);
        });
    }

    async #call(operation, call, ...args) {
        return this.hold(operation, (pointer) => callAsync(call, [pointer, ...args]));
    }

    // --- reading ---

    // Rows and payloads in the order of the keys. An unknown key fails with SKEP_KEY_NOT_FOUND, or with allowMissing gives a
    // zero row and false in `found`.
    async get(keys, {allowMissing = false} = {}) {
        const plain = this.#keys('get', keys);
        const count = Number(plain.count);
        const rows = Rows.zeros(this.#info.dtype, count, this.#info.dim);
        const found = new Uint8Array(count).fill(1);
        const payloads = [null];
        // With no keys libskep asks for no place either, and an empty array has none.
        const flags = allowMissing && count !== 0 ? found : null;
        await this.#call('get', native.collectionGet, plain, plainRows(rows), payloads, flags);
        return {rows, payloads: takeList(payloads[0]), found: Array.from(found, Boolean)};
    }

    async contains(keys) {
        const plain = this.#keys('contains', keys);
        const found = new Uint8Array(Number(plain.count));
        await this.#call('contains', native.collectionContains, plain, found);
        return Array.from(found, Boolean);
    }

    async count() {
        const out = [0];
        await this.#call('count', native.collectionCount, out);
        return Number(out[0]);
    }

    // All keys in the order of their rows: a BigUint64Array, or an array of strings.
    async keys() {
        if (this.#info.keyKind === 'string') {
            const out = [null];
            await this.#call('keys', native.collectionListNames, null, 0, null, out);
            return takeTexts(out[0]);
        }
        for (let keys = new BigUint64Array(await this.count());;) {
            const size = [0];
            await this.#call('keys', native.collectionListNumbers, keys.length === 0 ? null : keys, keys.length, size, null);
            const count = Number(size[0]);
            if (count <= keys.length) return keys.subarray(0, count);
            keys = new BigUint64Array(count); // some were added meanwhile
        }
    }

    async device() {
        const plain = emptyDevice();
        await this.#call('device', native.collectionGetDevice, plain);
        return deviceOf(plain);
    }

    // The fields of skep_collection_stats: numRows, numRemoved and so on.
    async stats() {
        const plain = fill(structs.stats);
        await this.#call('stats', native.collectionGetStats, plain);
        const fields = Object.entries(plain).filter(([name]) => name !== 'struct_size' && name !== 'reserved');
        return Object.fromEntries(fields.map(([name, value]) => [camelCase(name), Number(value)]));
    }

    // --- searching ---

    async makeFilter(mode, keys) {
        if (!(mode in modes)) throw invalid(`filter: mode is ${mode}; expected 'allow' or 'deny'`);
        const out = [null];
        await this.#call('filter', native.filterCreate, modes[mode], this.#keys('filter', keys), out);
        return new Filter('filter', out[0], native.filterDestroy);
    }

    #withFilter(operation, filter, use) {
        return filter === undefined ? use(null) : filter.hold(operation, use);
    }

    // The k nearest rows of each query, exact on flat collections. options: efSearch or recall, filter, payloads, signal, timeout,
    // progress.
    async search(queries, k, {efSearch = 0, recall = 0, filter, payloads = false, ...call} = {}) {
        if (!Number.isSafeInteger(k) || k < 0) throw new RangeError(`search: k is ${k}; expected a whole number, 1 or more`);
        const rows = toRows(queries, this.#info.dim);
        const hasNames = this.#info.keyKind === 'string';
        const numAnswers = rows.length * k;
        const hits = {
            numQueries: rows.length, k,
            keys: hasNames ? undefined : new BigUint64Array(numAnswers).fill(MISSING), names: undefined,
            distances: new Float32Array(numAnswers), counts: new BigUint64Array(rows.length), payloads: undefined,
        };
        const names = hasNames ? makeSlot() : null;
        const found = payloads ? makeSlot() : null;
        try {
            const output = fill(structs.searchOutput, {
                keys: hits.keys ?? null, strings: names, distances: hits.distances, counts: hits.counts, payloads: found,
            });
            await this.hold('search', (pointer) => this.#withFilter('search', filter, (filterPointer) => {
                const options = fill(structs.searchOptions, {k, ef_search: efSearch, recall, filter: filterPointer});
                return callStoppable(native.collectionSearch, call,
                    (control) => [pointer, plainRows(rows), options, output, control]);
            }));
            if (hasNames) hits.names = takeList(readSlot(names)).map(toText);
            if (payloads) hits.payloads = takeList(readSlot(found));
            return new Hits(hits);
        } finally {
            if (names) koffi.free(names);
            if (found) koffi.free(found);
        }
    }

    // The smallest efSearch that brings a share `recall` of the k nearest rows; searches that ask for it take it. Without
    // queries points are made from rows.
    async calibrate(k, recall, {queries, ...call} = {}) {
        const matrix = queries === undefined ? null : plainRows(toRows(queries, this.info.dim));
        const efSearch = [0];
        await this.hold('calibrate', (pointer) => callStoppable(native.collectionCalibrate, call,
            (control) => [pointer, k, recall, matrix, control, efSearch]));
        return efSearch[0];
    }

    // Every row whose distance is at most radius, nearest first. options: filter, signal, timeout, progress.
    async rangeSearch(queries, radius, {filter, ...call} = {}) {
        const rows = toRows(queries, this.#info.dim);
        const out = [null];
        await this.hold('range_search', (pointer) => this.#withFilter('range_search', filter, (filterPointer) => {
            const options = fill(structs.searchOptions, {filter: filterPointer});
            return callStoppable(native.collectionRangeSearch, call,
                (control) => [pointer, plainRows(rows), radius, options, control, out]);
        }));
        try {
            const view = fill(structs.rangeView);
            callSync(native.rangeResultView, out[0], view);
            return new RangeHits(view);
        } finally {
            native.rangeResultDestroy(out[0]);
        }
    }

    // --- files ---

    async save(path, call) {
        return this.hold('save', async (pointer) => {
            await callStoppable(native.collectionSave, call, (control) => [pointer, path, control]);
        });
    }

    async exportHnswlib(path, call) {
        return this.hold('export hnswlib', async (pointer) => {
            await callStoppable(native.collectionExportHnswlib, call, (control) => [pointer, path, control]);
        });
    }
}

// Which rows may be answers; see Collection.makeFilter. Follows its collection and keeps it alive.
export class Filter extends Handle {}
