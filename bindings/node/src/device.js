// SPDX-License-Identifier: MIT
// What there is to know about devices and backends.
import {fill, native, structs} from './native.js';

const capabilities = [
    'rangeSearch', 'graph', 'graphTransfer', 'deviceMatrices', 'adoptRows', 'warmUp', 'memoryStats', 'concurrentSearch',
];
const states = ['found', 'loaded', 'refused'];

export const emptyDevice = () => fill(structs.deviceInfo);

export function deviceOf(plain) {
    const bits = BigInt(plain.capabilities);
    return {
        id: plain.id, backend: plain.backend, ordinal: plain.ordinal, name: plain.name, isa: plain.isa, uuid: plain.uuid,
        pciBusId: plain.pci_bus_id, driverVersion: plain.driver_version, computeCapability: plain.compute_capability,
        maxDim: plain.max_dim, maxK: BigInt(plain.max_k), maxBatch: BigInt(plain.max_batch),
        totalMemoryBytes: Number(plain.total_memory_bytes), freeMemoryBytes: Number(plain.free_memory_bytes),
        numComputeUnits: plain.num_compute_units,
        capabilities: capabilities.filter((_, bit) => (bits >> BigInt(bit) & 1n) === 1n),
    };
}

export const emptyBackend = () => fill(structs.backendInfo);

export const backendOf = (plain) => ({
    name: plain.name, version: plain.version, state: states[plain.state] ?? 'refused',
    reason: native.statusName(plain.reason), message: plain.message, origin: plain.origin, manifestPath: plain.manifest_path,
    libraryPath: plain.library_path, isBuiltin: plain.is_builtin !== 0, numDevices: plain.num_devices,
});
