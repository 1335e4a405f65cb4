// SPDX-License-Identifier: MIT
// Types of the package. What a call does, costs and allows beside it is told in skep.h.

export type Metric = 'l2' | 'euclidean' | 'inner_product' | 'dot_product' | 'cosine';
export type Dtype = 'f32' | 'f16' | 'bf16' | 'i8' | 'u8' | 'i32';
export type IndexKind = 'flat' | 'hnsw';
export type KeyKind = 'u64' | 'string';
export type Components = Float32Array | Uint16Array | Int8Array | Uint8Array | Int32Array;

/** Keys of a u64 collection (whole numbers, bigints above 2^53), or of a string collection (texts, or their bytes). */
export type Keys = Iterable<number | bigint> | BigUint64Array | Iterable<string | Uint8Array>;

/** A row-major matrix over a typed array, which it shares and which must not change while a call with it runs. */
export class Rows {
    /** dtype: told by the array, except for a Uint16Array, which may hold the bits of f16 or bf16. */
    constructor(data: Components, dim: number, dtype?: Dtype);
    readonly data: Components;
    readonly dim: number;
    readonly dtype: Dtype;
    /** How many rows. */
    readonly length: number;
    row(index: number): Components;
    static zeros(dtype: Dtype, length: number, dim: number): Rows;
}
/** Rows, or an array of arrays of numbers, which become f32. */
export type RowsLike = Rows | number[][];

/** A failed call. */
export class SkepError extends Error {
    /** The name in status.h: 'SKEP_DUPLICATE_KEY'. */
    readonly code: string;
    readonly number: number;
    readonly layer: 'none' | 'client' | 'core' | 'loader' | 'backend' | 'driver';
    /** errno or a driver's result, where there is one. */
    readonly nativeCode: number;
}

/** What may stop a call; a stopped call changes nothing. */
export interface CallOptions {
    /** Stops the call with SKEP_CANCELLED, name 'AbortError' and the signal's reason as cause. */
    signal?: AbortSignal;
    /** Milliseconds from now; 0 has passed. Stops the call with SKEP_DEADLINE_EXCEEDED. */
    timeout?: number;
    /** Asked with done of total units, on the event loop; false stops the call. */
    progress?: (done: number, total: number) => boolean | void;
}

export interface RuntimeOptions {
    ignoreEnvironment?: boolean;
    builtinOnly?: boolean;
    numThreads?: number;
    backendPaths?: string[];
}

export interface CollectionOptions {
    dim: number;
    metric?: Metric;
    dtype?: Dtype;
    index?: IndexKind;
    keyKind?: KeyKind;
    device?: string;
    reserveRows?: number;
    m?: number;
    efConstruction?: number;
    seed?: number | bigint;
}

export interface CollectionInfo {
    readonly dim: number;
    readonly metric: Metric;
    readonly dtype: Dtype;
    readonly index: IndexKind;
    readonly keyKind: KeyKind;
    readonly m: number;
    readonly efConstruction: number;
    readonly seed: bigint;
}

export type Capability =
    'rangeSearch' | 'graph' | 'graphTransfer' | 'deviceMatrices' | 'adoptRows' | 'warmUp' | 'memoryStats' | 'concurrentSearch';

export interface DeviceInfo {
    id: string;
    backend: string;
    ordinal: number;
    name: string;
    isa: string;
    uuid: string;
    pciBusId: string;
    driverVersion: string;
    computeCapability: string;
    maxDim: number;
    maxK: bigint;
    maxBatch: bigint;
    totalMemoryBytes: number;
    freeMemoryBytes: number;
    numComputeUnits: number;
    capabilities: Capability[];
}

export interface BackendInfo {
    name: string;
    version: string;
    state: 'found' | 'loaded' | 'refused';
    reason: string;
    message: string;
    origin: string;
    manifestPath: string;
    libraryPath: string;
    isBuiltin: boolean;
    numDevices: number;
}

/** Something of libskep. Closing lets running calls end; what was forgotten is closed some time after it became garbage. */
interface Handle {
    /** Done when the last running call is. */
    close(): Promise<void>;
}

export class Runtime implements Handle {
    private constructor();
    static create(options?: RuntimeOptions): Promise<Runtime>;
    createCollection(options: CollectionOptions): Promise<Collection>;
    open(path: string, options?: CallOptions & {device?: string; map?: boolean; skipChecksums?: boolean}): Promise<Collection>;
    importHnswlib(path: string, options?: CallOptions & {metric?: Metric; dtype?: Dtype; device?: string}): Promise<Collection>;
    devices(): Promise<DeviceInfo[]>;
    findDevice(name: string): Promise<DeviceInfo>;
    backends(): Promise<BackendInfo[]>;
    explain(format?: 'text'): Promise<string>;
    explain(format: 'json'): Promise<object>;
    close(): Promise<void>;
}

export interface Hit {
    key: bigint | string;
    distance: number;
    /** Where payloads were asked for. */
    payload?: Uint8Array;
}

/** Answers of a search, k for each query. Missing ones have key 2^64 - 1 (an empty name) and distance Infinity in the arrays. */
export class Hits implements Iterable<Hit[]> {
    private constructor();
    readonly numQueries: number;
    readonly k: number;
    readonly keys?: BigUint64Array;
    readonly names?: string[];
    readonly distances: Float32Array;
    readonly counts: BigUint64Array;
    readonly payloads?: Uint8Array[];
    /** The answers found for one query, nearest first. */
    of(query: number): Hit[];
    [Symbol.iterator](): Iterator<Hit[]>;
}

/** Answers of a range search: those of query q are at offsets[q] to offsets[q + 1]. */
export class RangeHits implements Iterable<Hit[]> {
    private constructor();
    readonly numQueries: number;
    readonly offsets: number[];
    readonly keys?: BigUint64Array;
    readonly names?: string[];
    readonly distances: Float32Array;
    of(query: number): Hit[];
    [Symbol.iterator](): Iterator<Hit[]>;
}

export interface Found {
    rows: Rows;
    payloads: Uint8Array[];
    found: boolean[];
}

/** Limits searches of one collection to the rows of some keys, or to all others; follows it and keeps it alive. */
export class Filter implements Handle {
    private constructor();
    close(): Promise<void>;
}

export interface SearchOptions extends CallOptions {
    efSearch?: number;
    /** The share of true neighbours wanted of a graph, in place of efSearch. */
    recall?: number;
    filter?: Filter;
    payloads?: boolean;
}

export class Collection implements Handle {
    private constructor();
    readonly info: CollectionInfo;
    /** All or none. Without keys rows are numbered, and the first number is returned. */
    add(rows: RowsLike, options?: CallOptions & {keys?: undefined; payloads?: Iterable<string | Uint8Array>}): Promise<bigint>;
    add(rows: RowsLike, options: CallOptions & {keys: Keys; payloads?: Iterable<string | Uint8Array>}): Promise<undefined>;
    upsert(rows: RowsLike, options: CallOptions & {keys: Keys; payloads?: Iterable<string | Uint8Array>}): Promise<void>;
    remove(keys: Keys): Promise<void>;
    clear(): Promise<void>;
    reserve(numRows: number): Promise<void>;
    compact(options?: CallOptions): Promise<void>;
    get(keys: Keys, options?: {allowMissing?: boolean}): Promise<Found>;
    contains(keys: Keys): Promise<boolean[]>;
    count(): Promise<number>;
    keys(): Promise<BigUint64Array | string[]>;
    device(): Promise<DeviceInfo>;
    /** The fields of skep_collection_stats in camel case. */
    stats(): Promise<Record<string, number>>;
    makeFilter(mode: 'allow' | 'deny', keys: Keys): Promise<Filter>;
    search(queries: RowsLike, k: number, options?: SearchOptions): Promise<Hits>;
    /** The smallest efSearch that brings a share of the k nearest rows. */
    calibrate(k: number, recall: number, options?: CallOptions & {queries?: RowsLike}): Promise<number>;
    rangeSearch(queries: RowsLike, radius: number, options?: CallOptions & {filter?: Filter}): Promise<RangeHits>;
    save(path: string, options?: CallOptions): Promise<void>;
    exportHnswlib(path: string, options?: CallOptions): Promise<void>;
    close(): Promise<void>;
}

export function version(): string;
export function statusName(number: number): string;
/** The first name of what a name means: 'euclidean' is 'l2'. */
export function metricName(name: string): Metric;
export function dtypeName(name: string): Dtype;
export function indexName(name: string): IndexKind;
/** The higher-is-better score of a distance. */
export function similarity(metric: Metric, distance: number): number;

export function readVectors(path: string): Promise<Rows>;
export function writeVectors(path: string, rows: RowsLike, options?: CallOptions): Promise<void>;
export function convert(rows: RowsLike, dtype: Dtype): Promise<Rows>;
export function groundTruth(
    runtime: Runtime, base: RowsLike, queries: RowsLike, options: CallOptions & {metric?: Metric; k: number},
): Promise<{ids: Uint32Array; distances: Float32Array}>;
export function recall(
    numQueries: number, keys: BigUint64Array, distances: Float32Array, trueDistances: Float32Array,
): Promise<number>;
export function describeFile(path: string): Promise<object>;
