// SPDX-License-Identifier: MIT
// What only Node has to show: the free event loop, signals, closing, memory, the README.
import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {test} from 'node:test';

import koffi from 'koffi';

import {groundTruth, recall, Rows, Runtime, SkepError} from '../src/index.js';
import {structs} from '../src/native.js';

const dim = 8;
const rowOf = (key) => [new Array(dim).fill(key)];
// Enough for seconds of double-precision work, were it not stopped.
const manyRows = () => new Rows(new Float32Array(64 * 40_000), 64);

test('sixteen searches run beside one that adds', async () => {
    const runtime = await Runtime.create();
    const collection = await runtime.createCollection({dim, device: 'cpu'});
    await collection.add(rowOf(0));
    let isDone = false;
    const searcher = async () => {
        while (!isDone) {
            const newest = await collection.count() - 1;
            const [nearest] = (await collection.search(rowOf(newest), 3)).of(0);
            assert.deepEqual(nearest, {key: BigInt(newest), distance: 0});
        }
    };
    const searchers = Array.from({length: 16}, searcher);
    for (let key = 1; key < 200; ++key) await collection.add(rowOf(key));
    isDone = true;
    await Promise.all(searchers);
    assert.equal(await collection.count(), 200);
    await collection.close();
    await runtime.close();
});

test('a signal stops a running call while the event loop goes on', async () => {
    const runtime = await Runtime.create();
    const controller = new AbortController();
    let numTicks = 0;
    const ticking = setInterval(() => {
        if (++numTicks === 3) controller.abort(new Error('enough'));
    }, 5);
    const rows = manyRows();

    await assert.rejects(groundTruth(runtime, rows, rows, {k: 1, signal: controller.signal}), (error) => {
        assert.equal(error.code, 'SKEP_CANCELLED');
        assert.equal(error.name, 'AbortError');
        assert.equal(error.cause.message, 'enough');
        return true;
    });
    clearInterval(ticking);
    assert.ok(numTicks >= 3);
    await assert.rejects(groundTruth(runtime, rows, rows, {k: 1, timeout: 20}), {code: 'SKEP_DEADLINE_EXCEEDED'});
    await runtime.close();
});

test('progress is asked, and what it throws is the cause of the stop', async () => {
    const runtime = await Runtime.create();
    const collection = await runtime.createCollection({dim});
    let numAsked = 0;
    await collection.add(rowOf(1), {progress: () => { ++numAsked; }});
    assert.ok(numAsked >= 1);

    const progress = () => { throw new Error('no more'); };
    await assert.rejects(collection.search(rowOf(1), 1, {progress}), (error) => {
        assert.equal(error.code, 'SKEP_CANCELLED');
        assert.equal(error.cause.message, 'no more');
        return true;
    });
    await runtime.close();
});

test('closing lets running calls end', async () => {
    const runtime = await Runtime.create();
    const collection = await runtime.createCollection({dim});
    await collection.add(rowOf(1));
    const running = Array.from({length: 20}, () => collection.search(rowOf(1), 1));
    const closed = collection.close();
    await assert.rejects(collection.count(), {code: 'SKEP_INVALID_ARGUMENT', message: /closed/});
    for (const hits of await Promise.all(running)) assert.equal(hits.of(0)[0].key, 0n);
    await closed;
    await collection.close();
    await runtime.close();
});

test('what is no rows, keys or k is refused', async () => {
    const runtime = await Runtime.create();
    const collection = await runtime.createCollection({dim: 2});
    assert.throws(() => new Rows(new Float32Array(3), 2), {code: 'SKEP_DIMENSION_MISMATCH'});
    assert.throws(() => new Rows(new Float64Array(2), 2), TypeError);
    assert.throws(() => new Rows(new Uint16Array(2), 2), /f16 or bf16/);
    await assert.rejects(collection.add([[1, 2], [3]]), SkepError);
    await assert.rejects(collection.add('rows'), TypeError);
    await assert.rejects(collection.remove([-1]), {code: 'SKEP_INVALID_ARGUMENT', message: /key 0 is -1/});
    await assert.rejects(collection.remove([2 ** 60]), /bigint above/);
    await assert.rejects(collection.remove('text'), TypeError);
    await assert.rejects(collection.search([[1, 2]], 1.5), RangeError);
    await assert.rejects(recall(2, new BigUint64Array(3), new Float32Array(3), new Float32Array(4)), SkepError);
    await runtime.close();
});

test('a recall can be asked for', async () => {
    const runtime = await Runtime.create();
    const collection = await runtime.createCollection({dim: 1, index: 'hnsw', device: 'cpu'});
    const rows = [[0], [10], [20], [30]];
    await collection.add(rows);
    assert.ok(await collection.calibrate(2, 1, {queries: rows}) >= 2);
    assert.deepEqual(Array.from((await collection.search([[12]], 2, {recall: 1})).keys), [1n, 2n]);
    await assert.rejects(collection.calibrate(2, 1.5), {code: 'SKEP_INVALID_ARGUMENT'});
    await runtime.close();
});

test('a runtime tells its backends, devices and decisions', async () => {
    const runtime = await Runtime.create({ignoreEnvironment: true, builtinOnly: true, numThreads: 1, backendPaths: []});
    const [device] = await runtime.devices();
    assert.equal(device.id, 'cpu');
    assert.deepEqual((await runtime.backends()).map(({name, state}) => [name, state]), [['cpu', 'loaded']]);
    assert.match(await runtime.explain(), /cpu/);
    assert.equal(typeof await runtime.explain('json'), 'object');
    await runtime.close();
});

test('handles that come and go leave no memory', async () => {
    const cycle = async () => {
        const runtime = await Runtime.create({builtinOnly: true});
        const collection = await runtime.createCollection({dim});
        await collection.add(rowOf(1), {payloads: ['one']});
        const filter = await collection.makeFilter('allow', [0]);
        await collection.search(rowOf(1), 3, {filter, payloads: true});
        await collection.rangeSearch(rowOf(1), 1);
        await collection.get([0]);
        await Promise.all([filter.close(), collection.close(), runtime.close()]);
    };
    const settle = () => { global.gc?.(); return process.memoryUsage().rss; };
    for (let warmUp = 0; warmUp < 200; ++warmUp) await cycle();
    const before = settle();
    for (let time = 0; time < 300; ++time) await cycle();
    // A leak of one row, key table or stack per cycle would be some 64 KiB each; V8's own heap moves by some MiB.
    assert.ok(settle() - before < 16 << 20, `grown by ${settle() - before} bytes`);
});

test('structs are laid out as a C compiler lays them out', (context) => {
    const compiler = process.env.CC ?? 'cc';
    if (spawnSync(compiler, ['--version']).error) return context.skip(`no C compiler ${compiler}`);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skep-layout-'));
    const lines = Object.values(structs).flatMap(({type}) => {
        const {name, members} = koffi.introspect(type);
        return Object.keys(members).map((member) => [name, member, koffi.sizeof(type), koffi.offsetof(type, member)]);
    });
    const questions = lines.map(([name, member]) =>
        `printf("${name} ${member} %zu %zu\\n", sizeof(${name}), offsetof(${name}, ${member}));`);
    const source = path.join(folder, 'layout.c');
    fs.writeFileSync(source, ['#include <skep/skep.h>', '#include <stddef.h>', '#include <stdio.h>', 'int main(void) {',
        ...questions, 'return 0; }'].join('\n'));
    const include = process.env.SKEP_INCLUDE_DIR ?? new URL('../../../abi/include', import.meta.url).pathname;
    execFileSync(compiler, ['-std=c11', '-I', include, source, '-o', path.join(folder, 'layout')]);
    const printed = execFileSync(path.join(folder, 'layout'), {encoding: 'utf8'}).trim().split('\n');
    fs.rmSync(folder, {recursive: true});
    assert.deepEqual(printed, lines.map((line) => line.join(' ')));
});

test('the example of the README runs', () => {
    const page = fs.readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const [, example] = page.match(/```js\n([^]*?)```/);
    const source = example.replace("'skep'", JSON.stringify(new URL('../src/index.js', import.meta.url).href));
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', source], {encoding: 'utf8'});
    assert.equal(printed, 'bee 0.0\nhive 0.4\n');
});
