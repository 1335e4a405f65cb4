// SPDX-License-Identifier: MIT
// Backends, devices and worker threads.
import {callAsync} from './errors.js';
import {callStoppable} from './call.js';
import {Collection} from './collection.js';
import {backendOf, deviceOf, emptyBackend, emptyDevice} from './device.js';
import {Handle} from './handle.js';
import {takeTexts} from './keys.js';
import {dtypeNumber, indexNumber, keyKinds, metricNumber} from './names.js';
import {fill, native, structs} from './native.js';

const IGNORE_ENVIRONMENT = 1;
const BUILTIN_ONLY = 2;
const OPEN_MAP = 1;
const OPEN_SKIP_CHECKSUMS = 2;

// A field of u32: what is not one of its numbers goes as its largest, which libskep refuses.
const toU32 = (number) => (Number.isInteger(number) && number >= 0 && number <= 0xffffffff ? number : 0xffffffff);

export class Runtime extends Handle {
    static async create({ignoreEnvironment = false, builtinOnly = false, numThreads = 0, backendPaths = []} = {}) {
        const options = fill(structs.runtimeOptions, {
            flags: (ignoreEnvironment ? IGNORE_ENVIRONMENT : 0) | (builtinOnly ? BUILTIN_ONLY : 0),
            num_threads: toU32(numThreads), backend_paths: backendPaths, num_backend_paths: backendPaths.length,
        });
        const out = [null];
        await callAsync(native.runtimeCreate, [options, out]);
        return new Runtime('runtime', out[0], native.runtimeDestroy);
    }

    async createCollection({
        dim, metric = 'l2', dtype = 'f32', index = 'flat', keyKind = 'u64', device = 'auto', reserveRows = 0, m = 0,
        efConstruction = 0, seed = 0,
    }) {
        if (!keyKinds.includes(keyKind)) throw new TypeError(`create: keyKind is ${keyKind}; expected 'u64' or 'string'`);
        const options = fill(structs.collectionOptions, {
            dim: toU32(dim), metric: metricNumber(metric), dtype: dtypeNumber(dtype), index: indexNumber(index),
            key_kind: keyKinds.indexOf(keyKind), device, reserve_rows: reserveRows, m: toU32(m),
            ef_construction: toU32(efConstruction), seed,
        });
        return this.hold('create', async (pointer) => {
            const out = [null];
            await callAsync(native.collectionCreate, [pointer, options, out]);
            return new Collection(out[0]);
        });
    }

    async open(path, {device = 'auto', map = false, skipChecksums = false, ...call} = {}) {
        const flags = (map ? OPEN_MAP : 0) | (skipChecksums ? OPEN_SKIP_CHECKSUMS : 0);
        const options = fill(structs.openOptions, {flags, device});
        return this.hold('open', async (pointer) => {
            const out = [null];
            await callStoppable(native.collectionOpen, call, (control) => [pointer, path, options, control, out]);
            return new Collection(out[0]);
        });
    }

    async importHnswlib(path, {metric = 'l2', dtype = 'f32', device = 'auto', ...call} = {}) {
        const options = fill(structs.hnswlibOptions, {metric: metricNumber(metric), dtype: dtypeNumber(dtype), device});
        return this.hold('import hnswlib', async (pointer) => {
            const out = [null];
            await callStoppable(native.collectionImportHnswlib, call, (control) => [pointer, path, options, control, out]);
            return new Collection(out[0]);
        });
    }

    // All devices, best first. The first call loads plugins and may start drivers.
    async devices() {
        return this.#list('devices', native.runtimeNumDevices, native.runtimeDeviceAt, emptyDevice, deviceOf);
    }

    async backends() {
        return this.#list('backends', native.runtimeNumBackends, native.runtimeBackendAt, emptyBackend, backendOf);
    }

    async #list(operation, count, at, empty, of) {
        return this.hold(operation, async (pointer) => {
            const size = [0];
            await callAsync(count, [pointer, size]);
            const items = [];
            for (let index = 0; index < Number(size[0]); ++index) {
                const plain = empty();
                await callAsync(at, [pointer, index, plain]);
                items.push(of(plain));
            }
            return items;
        });
    }

    async findDevice(name) {
        return this.hold('find device', async (pointer) => {
            const plain = emptyDevice();
            await callAsync(native.runtimeFindDevice, [pointer, String(name), plain]);
            return deviceOf(plain);
        });
    }

    // Everything that was decided so far, as text or as an object.
    async explain(format = 'text') {
        return this.hold('explain', async (pointer) => {
            const out = [null];
            await callAsync(native.runtimeExplain, [pointer, format === 'json' ? 1 : 0, out]);
            const [report] = takeTexts(out[0]);
            return format === 'json' ? JSON.parse(report) : report;
        });
    }
}
