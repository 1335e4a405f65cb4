// SPDX-License-Identifier: MIT
// What index.d.ts must accept and refuse; checked by tsc, never run.
import {Collection, Filter, Hits, Rows, Runtime, SkepError, convert, groundTruth} from '../src/index.js';

export async function sample(signal: AbortSignal): Promise<bigint> {
    const runtime: Runtime = await Runtime.create({numThreads: 2});
    const collection: Collection = await runtime.createCollection({dim: 2, metric: 'cosine', dtype: 'f16'});
    const rows = new Rows(new Float32Array(4), 2);
    const first: bigint = await collection.add(await convert(rows, 'f16'));
    const nothing: undefined = await collection.add(rows, {keys: [1, 2n], payloads: ['a', new Uint8Array(1)]});
    await collection.upsert([[1, 2]], {keys: ['name'], signal});
    const filter: Filter = await collection.makeFilter('deny', new BigUint64Array(1));
    const hits: Hits = await collection.search(rows, 3, {filter, payloads: true, timeout: 5, progress: () => true});
    for (const answers of hits) answers.map((hit) => hit.distance + (hit.payload?.length ?? 0));
    const {ids} = await groundTruth(runtime, rows, rows, {k: 1});
    try {
        // @ts-expect-error a dimension is needed
        await runtime.createCollection({});
        // @ts-expect-error no such metric
        await runtime.createCollection({dim: 1, metric: 'manhattan'});
        // @ts-expect-error k is a number
        await collection.search(rows, '3');
        // @ts-expect-error collections are made by a runtime
        new Collection();
    } catch (error) {
        if (error instanceof SkepError) console.log(error.code.length, error.layer === 'driver');
    }
    await collection.close();
    return first + BigInt(ids[0] ?? 0) + (nothing ?? 0n);
}
