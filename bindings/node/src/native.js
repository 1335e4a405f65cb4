// SPDX-License-Identifier: MIT
// libskep as koffi sees it: where it is, and the declarations of skep.h and evaluation.h.
import path from 'node:path';
import process from 'node:process';

import koffi from 'koffi';

// SKEP_LIBRARY names the file, SKEP_LIB_DIR its folder; otherwise the loader looks where it always does.
function findLibrary() {
    if (process.env.SKEP_LIBRARY) return process.env.SKEP_LIBRARY;
    if (process.env.SKEP_LIB_DIR) return path.join(process.env.SKEP_LIB_DIR, 'libskep.so');
    return 'libskep.so.0';
}

const library = koffi.load(findLibrary());

for (const name of ['runtime', 'collection', 'cancel', 'filter', 'byte_list', 'range_result', 'vectors']) {
    koffi.opaque(`skep_${name}`);
}

const text = (length) => ({type: koffi.array('char', length, 'String'), zero: ''});
const numbers = (length) => ({type: koffi.array('uint32_t', length, 'Array'), zero: new Array(length).fill(0)});

// A struct with what zeroes it: { type, zero }. Members are names of types, or text() or numbers().
function struct(name, members) {
    const types = {};
    const zero = {};
    for (const [member, what] of Object.entries(members)) {
        types[member] = what.type ?? what;
        zero[member] = what.type ? what.zero : what.endsWith('*') ? null : 0;
    }
    const type = koffi.struct(name, types);
    zero.struct_size = koffi.sizeof(type);
    return {type, zero};
}

export const structs = {
    matrix: struct('skep_matrix', {
        struct_size: 'uint32_t', dtype: 'int32_t', memory_kind: 'int32_t', memory_device_id: 'int32_t',
        num_rows: 'uint64_t', dim: 'uint32_t', reserved: 'uint32_t', row_stride_bytes: 'uint64_t', data: 'void *',
    }),
    keys: struct('skep_keys', {
        struct_size: 'uint32_t', kind: 'int32_t', count: 'uint64_t', u64: 'uint64_t *', offsets: 'uint64_t *', bytes: 'void *',
    }),
    byteListView: struct('skep_byte_list_view', {
        struct_size: 'uint32_t', reserved: 'uint32_t', count: 'uint64_t', offsets: 'uint64_t *', bytes: 'void *',
    }),
    callOptions: struct('skep_call_options', {
        struct_size: 'uint32_t', reserved: 'uint32_t', timeout_ns: 'uint64_t', cancel: 'skep_cancel *', progress: 'void *',
        user_data: 'void *',
    }),
    runtimeOptions: struct('skep_runtime_options', {
        struct_size: 'uint32_t', flags: 'uint32_t', num_threads: 'uint32_t', log_level: 'int32_t',
        backend_paths: 'const char **', num_backend_paths: 'uint64_t', log: 'void *', allow_load: 'void *', user_data: 'void *',
    }),
    collectionOptions: struct('skep_collection_options', {
        struct_size: 'uint32_t', dim: 'uint32_t', metric: 'int32_t', dtype: 'int32_t', index: 'int32_t', key_kind: 'int32_t',
        device: 'const char *', reserve_rows: 'uint64_t', m: 'uint32_t', ef_construction: 'uint32_t', seed: 'uint64_t',
    }),
    collectionInfo: struct('skep_collection_info', {
        struct_size: 'uint32_t', dim: 'uint32_t', metric: 'int32_t', dtype: 'int32_t', index: 'int32_t', key_kind: 'int32_t',
        m: 'uint32_t', ef_construction: 'uint32_t', seed: 'uint64_t',
    }),
    searchOptions: struct('skep_search_options', {
        struct_size: 'uint32_t', ef_search: 'uint32_t', k: 'uint64_t', filter: 'skep_filter *', recall: 'double',
    }),
    searchOutput: struct('skep_search_output', {
        struct_size: 'uint32_t', reserved: 'uint32_t', keys: 'uint64_t *', strings: 'void *', distances: 'float *',
        counts: 'uint64_t *', payloads: 'void *',
    }),
    rangeView: struct('skep_range_view', {
        struct_size: 'uint32_t', reserved: 'uint32_t', num_queries: 'uint64_t', offsets: 'void *', keys: 'void *',
        strings: 'skep_byte_list *', distances: 'void *',
    }),
    openOptions: struct('skep_open_options', {struct_size: 'uint32_t', flags: 'uint32_t', device: 'const char *'}),
    hnswlibOptions: struct('skep_hnswlib_options', {
        struct_size: 'uint32_t', metric: 'int32_t', dtype: 'int32_t', reserved: 'uint32_t', device: 'const char *',
    }),
    stats: struct('skep_collection_stats', {
        struct_size: 'uint32_t', reserved: 'uint32_t', num_rows: 'uint64_t', num_removed: 'uint64_t', capacity_rows: 'uint64_t',
        row_bytes: 'uint64_t', reserved_bytes: 'uint64_t', key_bytes: 'uint64_t', payload_bytes: 'uint64_t',
        num_searches: 'uint64_t', num_exact_retries: 'uint64_t', num_linked: 'uint64_t', num_links: 'uint64_t',
        num_levels: 'uint64_t', graph_bytes: 'uint64_t', graph_reserved_bytes: 'uint64_t',
    }),
    deviceInfo: struct('skep_device_info', {
        struct_size: 'uint32_t', ordinal: 'int32_t', memory_kind: 'int32_t', memory_device_id: 'int32_t',
        capabilities: 'uint64_t', supported_dtypes: numbers(3), max_dim: 'uint32_t', max_k: 'uint64_t',
        max_batch: 'uint64_t', total_memory_bytes: 'uint64_t', free_memory_bytes: 'uint64_t', num_compute_units: 'uint32_t',
        max_threads_per_block: 'uint32_t', max_shared_memory_per_block_bytes: 'uint64_t', id: text(64), backend: text(64),
        name: text(128), isa: text(64), uuid: text(64), pci_bus_id: text(32), driver_version: text(64),
        compute_capability: text(16),
    }),
    backendInfo: struct('skep_backend_info', {
        struct_size: 'uint32_t', state: 'int32_t', reason: 'int32_t', priority: 'int32_t', is_builtin: 'int32_t',
        num_devices: 'uint32_t', name: text(64), version: text(32), origin: text(32), message: text(512),
        manifest_path: text(1024), library_path: text(1024),
    }),
};

export const progressType = koffi.pointer(koffi.proto('int32_t skep_progress(void *user_data, uint64_t done, uint64_t total)'));

const declare = (prototype) => library.func(prototype);

export const native = {
    version: declare('const char *skep_version()'),
    statusName: declare('const char *skep_status_name(int32_t status)'),
    metricName: declare('const char *skep_metric_name(int32_t metric)'),
    dtypeName: declare('const char *skep_dtype_name(int32_t dtype)'),
    indexKindName: declare('const char *skep_index_kind_name(int32_t kind)'),
    metricFromName: declare('int32_t skep_metric_from_name(const char *name, _Out_ int32_t *out, void *error)'),
    dtypeFromName: declare('int32_t skep_dtype_from_name(const char *name, _Out_ int32_t *out, void *error)'),
    indexKindFromName: declare('int32_t skep_index_kind_from_name(const char *name, _Out_ int32_t *out, void *error)'),
    similarity: declare('float skep_similarity(int32_t metric, float distance)'),

    byteListCount: declare('uint64_t skep_byte_list_count(const void *list)'),
    byteListAt: declare('const void *skep_byte_list_at(const void *list, uint64_t index, _Out_ uint64_t *size)'),
    byteListDestroy: declare('void skep_byte_list_destroy(void *list)'),

    cancelCreate: declare('int32_t skep_cancel_create(_Out_ skep_cancel **out, void *error)'),
    cancelTrigger: declare('void skep_cancel_trigger(skep_cancel *cancel)'),
    cancelDestroy: declare('void skep_cancel_destroy(skep_cancel *cancel)'),

    runtimeCreate: declare('int32_t skep_runtime_create(const skep_runtime_options *options, _Out_ skep_runtime **out, void *error)'),
    runtimeDestroy: declare('void skep_runtime_destroy(skep_runtime *runtime)'),
    runtimeNumBackends: declare('int32_t skep_runtime_num_backends(skep_runtime *runtime, _Out_ uint64_t *out, void *error)'),
    runtimeBackendAt: declare('int32_t skep_runtime_backend_at(skep_runtime *runtime, uint64_t index, _Inout_ skep_backend_info *out, void *error)'),
    runtimeExplain: declare('int32_t skep_runtime_explain(skep_runtime *runtime, int32_t format, _Out_ skep_byte_list **out, void *error)'),
    runtimeNumDevices: declare('int32_t skep_runtime_num_devices(skep_runtime *runtime, _Out_ uint64_t *out, void *error)'),
    runtimeDeviceAt: declare('int32_t skep_runtime_device_at(skep_runtime *runtime, uint64_t index, _Inout_ skep_device_info *out, void *error)'),
    runtimeFindDevice: declare('int32_t skep_runtime_find_device(skep_runtime *runtime, const char *name, _Inout_ skep_device_info *out, void *error)'),

    collectionCreate: declare('int32_t skep_collection_create(skep_runtime *runtime, const skep_collection_options *options, _Out_ skep_collection **out, void *error)'),
    collectionDestroy: declare('void skep_collection_destroy(skep_collection *collection)'),
    collectionGetInfo: declare('int32_t skep_collection_get_info(skep_collection *collection, _Inout_ skep_collection_info *out, void *error)'),
    collectionGetDevice: declare('int32_t skep_collection_get_device(skep_collection *collection, _Inout_ skep_device_info *out, void *error)'),
    collectionAdd: declare('int32_t skep_collection_add(skep_collection *collection, const skep_matrix *rows, const skep_keys *keys, const skep_byte_list_view *payloads, const skep_call_options *call, _Out_ uint64_t *first_key, void *error)'),
    collectionUpsert: declare('int32_t skep_collection_upsert(skep_collection *collection, const skep_matrix *rows, const skep_keys *keys, const skep_byte_list_view *payloads, const skep_call_options *call, void *error)'),
    collectionRemove: declare('int32_t skep_collection_remove(skep_collection *collection, const skep_keys *keys, void *error)'),
    collectionGet: declare('int32_t skep_collection_get(skep_collection *collection, const skep_keys *keys, const skep_matrix *rows, _Out_ skep_byte_list **payloads, uint8_t *found, void *error)'),
    collectionContains: declare('int32_t skep_collection_contains(skep_collection *collection, const skep_keys *keys, uint8_t *found, void *error)'),
    collectionCount: declare('int32_t skep_collection_count(skep_collection *collection, _Out_ uint64_t *out, void *error)'),
    collectionListNumbers: declare('int32_t skep_collection_list_keys(skep_collection *collection, uint64_t *u64, uint64_t capacity, _Out_ uint64_t *num_keys, void *strings, void *error)'),
    collectionListNames: declare('int32_t skep_collection_list_keys(skep_collection *collection, void *u64, uint64_t capacity, void *num_keys, _Out_ skep_byte_list **strings, void *error)'),
    collectionClear: declare('int32_t skep_collection_clear(skep_collection *collection, void *error)'),
    collectionReserve: declare('int32_t skep_collection_reserve(skep_collection *collection, uint64_t num_rows, void *error)'),
    collectionCompact: declare('int32_t skep_collection_compact(skep_collection *collection, const skep_call_options *call, void *error)'),
    collectionGetStats: declare('int32_t skep_collection_get_stats(skep_collection *collection, _Inout_ skep_collection_stats *out, void *error)'),

    filterCreate: declare('int32_t skep_filter_create(skep_collection *collection, int32_t mode, const skep_keys *keys, _Out_ skep_filter **out, void *error)'),
    filterDestroy: declare('void skep_filter_destroy(skep_filter *filter)'),
    collectionSearch: declare('int32_t skep_collection_search(skep_collection *collection, const skep_matrix *queries, const skep_search_options *options, const skep_search_output *output, const skep_call_options *call, void *error)'),
    collectionCalibrate: declare('int32_t skep_collection_calibrate(skep_collection *collection, uint64_t k, double recall, const skep_matrix *queries, const skep_call_options *call, _Out_ uint32_t *ef_search, void *error)'),
    collectionRangeSearch: declare('int32_t skep_collection_range_search(skep_collection *collection, const skep_matrix *queries, float radius, const skep_search_options *options, const skep_call_options *call, _Out_ skep_range_result **out, void *error)'),
    rangeResultView: declare('int32_t skep_range_result_view(const skep_range_result *result, _Inout_ skep_range_view *out, void *error)'),
    rangeResultDestroy: declare('void skep_range_result_destroy(skep_range_result *result)'),

    collectionSave: declare('int32_t skep_collection_save(skep_collection *collection, const char *path, const skep_call_options *call, void *error)'),
    collectionOpen: declare('int32_t skep_collection_open(skep_runtime *runtime, const char *path, const skep_open_options *options, const skep_call_options *call, _Out_ skep_collection **out, void *error)'),
    collectionImportHnswlib: declare('int32_t skep_collection_import_hnswlib(skep_runtime *runtime, const char *path, const skep_hnswlib_options *options, const skep_call_options *call, _Out_ skep_collection **out, void *error)'),
    collectionExportHnswlib: declare('int32_t skep_collection_export_hnswlib(skep_collection *collection, const char *path, const skep_call_options *call, void *error)'),
    fileDescribe: declare('int32_t skep_file_describe(const char *path, _Out_ skep_byte_list **out, void *error)'),

    vectorsOpen: declare('int32_t skep_vectors_open(const char *path, _Out_ skep_vectors **out, void *error)'),
    vectorsView: declare('int32_t skep_vectors_view(const skep_vectors *vectors, _Inout_ skep_matrix *out, void *error)'),
    vectorsClose: declare('void skep_vectors_close(skep_vectors *vectors)'),
    vectorsWrite: declare('int32_t skep_vectors_write(const char *path, const skep_matrix *rows, const skep_call_options *call, void *error)'),
    vectorsConvert: declare('int32_t skep_vectors_convert(const skep_matrix *rows, const skep_matrix *out, void *error)'),
    groundTruth: declare('int32_t skep_ground_truth(skep_runtime *runtime, const skep_matrix *base, const skep_matrix *queries, int32_t metric, uint64_t k, uint32_t *ids, float *distances, const skep_call_options *call, void *error)'),
    recall: declare('int32_t skep_recall(uint64_t num_queries, uint64_t k, const uint64_t *found_keys, const float *found_distances, uint64_t truth_k, const float *true_distances, _Out_ double *out, void *error)'),
};

// A struct for C: its size, the fields given, zeros and NULLs elsewhere.
export const fill = (declared, fields = {}) => ({...declared.zero, ...fields});
