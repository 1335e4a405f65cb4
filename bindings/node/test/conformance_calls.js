// SPDX-License-Identifier: MIT
// The calls of the conformance table, made through this package.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';

import * as skep from '../src/index.js';
import {componentsOf, keysOf, numberOf, rowsOf, textOf} from './conformance_values.js';

const snakeCase = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const snakeKeys = (object) => Object.fromEntries(Object.entries(object).map(([name, value]) => [snakeCase(name), value]));

function control(step) {
    switch (step.control) {
    case 'cancelled': return {signal: AbortSignal.abort()};
    case 'progress': return {progress: () => false};
    case 'expired': return {timeout: 0};
    default: return {};
    }
}

// Past the answers found stands what skep.h says of missing ones.
function checkMissing(hits) {
    for (let query = 0; query < hits.numQueries; ++query) {
        for (let position = query * hits.k + Number(hits.counts[query]); position < (query + 1) * hits.k; ++position) {
            assert.equal(hits.distances[position], Infinity);
            assert.equal(hits.names ? hits.names[position] : hits.keys[position], hits.names ? '' : 2n ** 64n - 1n);
            assert.equal(hits.payloads[position].length, 0);
        }
    }
}

const answersOf = (hits) => {
    const queries = [...hits];
    return {
        keys: queries.map((answers) => answers.map((hit) => hit.key)),
        distances: queries.map((answers) => answers.map((hit) => hit.distance)),
        payloads: queries.map((answers) => answers.map((hit) => hit.payload)),
    };
};

// One case: its collections, filters and files by name.
export class Calls {
    constructor(folder, runtime) {
        Object.assign(this, {folder, runtime, collections: {}, filters: {}, where: process.env.SKEP_CONFORMANCE_DEVICE ?? 'cpu'});
    }

    async end() {
        const handles = [...Object.values(this.filters), ...Object.values(this.collections)];
        await Promise.all(handles.map((handle) => handle.close()));
    }

    // Whether this device or language has what a word of "requires" asks for.
    async has(requirement) {
        const {capabilities} = await this.runtime.findDevice(this.where);
        const needs = {range_search: 'rangeSearch', graph: 'graph', graph_transfer: 'graphTransfer'};
        if (requirement === 'raw_key_bytes' || requirement === 'closed_handles') return true;
        assert.ok(requirement in needs, `unknown requirement: ${requirement}`);
        return capabilities.includes(needs[requirement]);
    }

    on(step) {
        return this.collections[step.on ?? 'collection'];
    }

    keep(step, made) {
        this.collections[step.as ?? 'collection'] = made;
        return {};
    }

    // Makes the call of a step and returns its answer.
    async make(step) {
        const call = this[step.call] ?? assert.fail(`unknown call: ${step.call}`);
        return await call.call(this, step) ?? {};
    }

    file(step) {
        return path.join(this.folder, step.file);
    }

    async create({dim, metric, dtype, index, device = this.where, m, seed, ...step}) {
        const made = await this.runtime.createCollection({
            dim, metric, dtype, index, device, m, seed, keyKind: step.key_kind, reserveRows: step.reserve_rows,
            efConstruction: step.ef_construction,
        });
        return this.keep(step, made);
    }

    async close({what}) {
        await (this.filters[what] ?? this.collections[what]).close();
    }

    info(step) {
        return snakeKeys(this.on(step).info);
    }

    async device(step) {
        return this.on(step).device();
    }

    async #rows(step, rows = step.rows) {
        const {dtype = 'f32', dim = 0} = this.on(step)?.info ?? {};
        return rowsOf(rows, step.dtype ?? dtype, dim);
    }

    #batch(step) {
        const keys = step.keys && keysOf(step.keys, this.on(step).info.keyKind);
        return {keys, payloads: step.payloads?.map(textOf), ...control(step)};
    }

    async add(step) {
        const firstKey = await this.on(step).add(await this.#rows(step), this.#batch(step));
        return {first_key: firstKey};
    }

    async upsert(step) {
        await this.on(step).upsert(await this.#rows(step), this.#batch(step));
    }

    #keys(step) {
        return keysOf(step.keys, this.on(step).info.keyKind);
    }

    async remove(step) {
        await this.on(step).remove(this.#keys(step));
    }

    async contains(step) {
        return {found: await this.on(step).contains(this.#keys(step))};
    }

    async get(step) {
        const got = await this.on(step).get(this.#keys(step), {allowMissing: step.allow_missing});
        return {...got, rows: await componentsOf(got.rows)};
    }

    async count(step) {
        return {count: await this.on(step).count()};
    }

    async keys(step) {
        return {keys: Array.from(await this.on(step).keys())};
    }

    async stats(step) {
        return snakeKeys(await this.on(step).stats());
    }

    async clear(step) {
        await this.on(step).clear();
    }

    async compact(step) {
        await this.on(step).compact();
    }

    async reserve(step) {
        await this.on(step).reserve(step.num_rows);
    }

    async search(step) {
        const hits = await this.on(step).search(await this.#rows(step, step.queries), step.k, {
            efSearch: step.ef_search, filter: this.filters[step.filter], payloads: true, ...control(step),
        });
        checkMissing(hits);
        return answersOf(hits);
    }

    async range_search(step) {
        const queries = await this.#rows(step, step.queries);
        const options = {filter: this.filters[step.filter], ...control(step)};
        return answersOf(await this.on(step).rangeSearch(queries, numberOf(step.radius), options));
    }

    async make_filter(step) {
        this.filters[step.as ?? 'filter'] = await this.on(step).makeFilter(step.mode, this.#keys(step));
    }

    async save(step) {
        await this.on(step).save(this.file(step));
    }

    async open(step) {
        const {device = this.where, map, skip_checksums: skipChecksums} = step;
        return this.keep(step, await this.runtime.open(this.file(step), {device, map, skipChecksums}));
    }

    async describe(step) {
        const {collection} = await skep.describeFile(this.file(step));
        return Object.fromEntries(Object.entries(collection).map(([field, value]) => [`collection.${field}`, value]));
    }

    async import_hnswlib(step) {
        const {metric, dtype} = step;
        return this.keep(step, await this.runtime.importHnswlib(this.file(step), {metric, dtype, device: this.where}));
    }

    async export_hnswlib(step) {
        await this.on(step).exportHnswlib(this.file(step));
    }

    async write_vectors(step) {
        await skep.writeVectors(this.file(step), await rowsOf(step.rows, step.dtype, 0));
    }

    async read_vectors(step) {
        const rows = await skep.readVectors(this.file(step));
        return {rows: await componentsOf(rows), dtype: rows.dtype};
    }

    async convert(step) {
        const converted = await skep.convert(await rowsOf(step.rows, step.from, 0), step.to);
        return {rows: await componentsOf(converted)};
    }

    async ground_truth({base, queries, metric, k, dtype = 'f32'}) {
        const [baseRows, queryRows] = [await rowsOf(base, dtype, 0), await rowsOf(queries, dtype, 0)];
        const {ids, distances} = await skep.groundTruth(this.runtime, baseRows, queryRows, {metric, k});
        const found = (array, query) => Array.from(array.subarray(query * k, (query + 1) * k))
            .filter((_, rank) => ids[query * k + rank] !== 2 ** 32 - 1);
        const all = (array) => queries.map((_, query) => found(array, query));
        return {ids: all(ids), distances: all(distances)};
    }

    async recall({keys, distances, true_distances: truth}) {
        const floats = (lists) => Float32Array.from(lists.flat().map(numberOf));
        const share = await skep.recall(
            keys.length, BigUint64Array.from(keys.flat().map(BigInt)), floats(distances), floats(truth));
        return {recall: share};
    }

    similarity({metric, distance}) {
        return {similarity: skep.similarity(metric, numberOf(distance))};
    }

    async find_device({name}) {
        return this.runtime.findDevice(name);
    }

    metric_from_name({name}) {
        return {name: skep.metricName(name)};
    }

    dtype_from_name({name}) {
        return {name: skep.dtypeName(name)};
    }

    index_kind_from_name({name}) {
        return {name: skep.indexName(name)};
    }

    status_name({number}) {
        return {name: skep.statusName(number)};
    }

    async write_file(step) {
        await fs.writeFile(this.file(step), textOf(step.text));
    }

    async cut_file(step) {
        const bytes = await fs.readFile(this.file(step));
        await fs.writeFile(this.file(step), bytes.subarray(0, bytes.length - step.bytes_from_end));
    }

    async flip_byte(step) {
        const bytes = await fs.readFile(this.file(step));
        bytes[bytes.length - step.bytes_from_end] ^= 0xff;
        await fs.writeFile(this.file(step), bytes);
    }
}
