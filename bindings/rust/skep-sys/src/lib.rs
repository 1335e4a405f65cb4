// SPDX-License-Identifier: MIT
//! Declarations of skep.h and evaluation.h, as they are: read those headers for what everything
//! does. A test compares every layout and constant here with what a C compiler makes of the
//! headers.

#![allow(non_camel_case_types)]

use std::marker::{PhantomData, PhantomPinned};
use std::os::raw::{c_char, c_void};

pub type skep_status = i32;
pub type skep_metric = i32;
pub type skep_dtype = i32;
pub type skep_index_kind = i32;
pub type skep_key_kind = i32;
pub type skep_memory_kind = i32;

pub const SKEP_METRIC_COSINE: skep_metric = 0;
pub const SKEP_METRIC_L2: skep_metric = 1;
pub const SKEP_METRIC_INNER_PRODUCT: skep_metric = 2;

pub const SKEP_DTYPE_F32: skep_dtype = 0;
pub const SKEP_DTYPE_F16: skep_dtype = 1;
pub const SKEP_DTYPE_BF16: skep_dtype = 2;
pub const SKEP_DTYPE_I8: skep_dtype = 3;
pub const SKEP_DTYPE_U8: skep_dtype = 4;
pub const SKEP_DTYPE_I32: skep_dtype = 5;

pub const SKEP_INDEX_FLAT: skep_index_kind = 0;
pub const SKEP_INDEX_HNSW: skep_index_kind = 1;

pub const SKEP_KEY_U64: skep_key_kind = 0;
pub const SKEP_KEY_STRING: skep_key_kind = 1;

pub const SKEP_MEMORY_HOST: skep_memory_kind = 1;
pub const SKEP_MEMORY_CUDA: skep_memory_kind = 2;
pub const SKEP_MEMORY_CUDA_HOST: skep_memory_kind = 3;
pub const SKEP_MEMORY_OPENCL: skep_memory_kind = 4;
pub const SKEP_MEMORY_VULKAN: skep_memory_kind = 7;
pub const SKEP_MEMORY_METAL: skep_memory_kind = 8;
pub const SKEP_MEMORY_ROCM: skep_memory_kind = 10;
pub const SKEP_MEMORY_EXTENSION: skep_memory_kind = 12;
pub const SKEP_MEMORY_CUDA_MANAGED: skep_memory_kind = 13;
pub const SKEP_MEMORY_ONEAPI: skep_memory_kind = 14;

pub const SKEP_CAPABILITY_RANGE_SEARCH: u64 = 1 << 0;
pub const SKEP_CAPABILITY_GRAPH: u64 = 1 << 1;
pub const SKEP_CAPABILITY_GRAPH_TRANSFER: u64 = 1 << 2;
pub const SKEP_CAPABILITY_DEVICE_MATRICES: u64 = 1 << 3;
pub const SKEP_CAPABILITY_ADOPT_ROWS: u64 = 1 << 4;
pub const SKEP_CAPABILITY_WARM_UP: u64 = 1 << 5;
pub const SKEP_CAPABILITY_MEMORY_STATS: u64 = 1 << 6;
pub const SKEP_CAPABILITY_CONCURRENT_SEARCH: u64 = 1 << 7;

pub const SKEP_OK: skep_status = 0;
pub const SKEP_INVALID_ARGUMENT: skep_status = 1;
pub const SKEP_INVALID_DIMENSION: skep_status = 2;
pub const SKEP_DIMENSION_MISMATCH: skep_status = 3;
pub const SKEP_NOT_FINITE: skep_status = 4;
pub const SKEP_INVALID_KEY: skep_status = 5;
pub const SKEP_DUPLICATE_KEY: skep_status = 6;
pub const SKEP_KEY_NOT_FOUND: skep_status = 7;
pub const SKEP_INVALID_K: skep_status = 8;
pub const SKEP_UNSUPPORTED_TYPE: skep_status = 9;
pub const SKEP_UNSUPPORTED: skep_status = 10;
pub const SKEP_LIMIT_EXCEEDED: skep_status = 11;
pub const SKEP_UNKNOWN_DEVICE: skep_status = 20;
pub const SKEP_DEVICE_NOT_AVAILABLE: skep_status = 21;
pub const SKEP_DEVICE_FAILED: skep_status = 22;
pub const SKEP_DEVICE_LOST: skep_status = 23;
pub const SKEP_COMPILATION_FAILED: skep_status = 24;
pub const SKEP_WRONG_MEMORY: skep_status = 25;
pub const SKEP_OUT_OF_HOST_MEMORY: skep_status = 30;
pub const SKEP_OUT_OF_DEVICE_MEMORY: skep_status = 31;
pub const SKEP_CANCELLED: skep_status = 32;
pub const SKEP_DEADLINE_EXCEEDED: skep_status = 33;
pub const SKEP_BUSY: skep_status = 34;
pub const SKEP_FILE_NOT_FOUND: skep_status = 40;
pub const SKEP_FILE_NOT_READABLE: skep_status = 41;
pub const SKEP_FILE_NOT_WRITABLE: skep_status = 42;
pub const SKEP_FILE_UNKNOWN_FORMAT: skep_status = 43;
pub const SKEP_FILE_TRUNCATED: skep_status = 44;
pub const SKEP_FILE_CORRUPT: skep_status = 45;
pub const SKEP_FILE_TOO_NEW: skep_status = 46;
pub const SKEP_FILE_IMPOSSIBLE_SIZE: skep_status = 47;
pub const SKEP_DISK_FULL: skep_status = 48;
pub const SKEP_IO_FAILED: skep_status = 49;
pub const SKEP_MANIFEST_INVALID: skep_status = 60;
pub const SKEP_PATH_NOT_TRUSTED: skep_status = 61;
pub const SKEP_LIBRARY_NOT_LOADABLE: skep_status = 62;
pub const SKEP_ENTRY_SYMBOL_MISSING: skep_status = 63;
pub const SKEP_ABI_MISMATCH: skep_status = 64;
pub const SKEP_OPERATION_MISSING: skep_status = 65;
pub const SKEP_REQUIREMENT_NOT_MET: skep_status = 66;
pub const SKEP_BACKEND_NAME_CLASH: skep_status = 67;
pub const SKEP_VETOED: skep_status = 68;
pub const SKEP_INTERNAL: skep_status = 90;
pub const SKEP_BACKEND_MISBEHAVED: skep_status = 91;

pub const SKEP_LAYER_NONE: i32 = 0;
pub const SKEP_LAYER_CLIENT: i32 = 1;
pub const SKEP_LAYER_CORE: i32 = 2;
pub const SKEP_LAYER_LOADER: i32 = 3;
pub const SKEP_LAYER_BACKEND: i32 = 4;
pub const SKEP_LAYER_DRIVER: i32 = 5;

pub const SKEP_LOG_OFF: i32 = 0;
pub const SKEP_LOG_ERROR: i32 = 1;
pub const SKEP_LOG_WARNING: i32 = 2;
pub const SKEP_LOG_INFO: i32 = 3;
pub const SKEP_LOG_DEBUG: i32 = 4;

pub const SKEP_RUNTIME_IGNORE_ENVIRONMENT: u32 = 1 << 0;
pub const SKEP_RUNTIME_BUILTIN_ONLY: u32 = 1 << 1;

pub const SKEP_BACKEND_FOUND: i32 = 0;
pub const SKEP_BACKEND_LOADED: i32 = 1;
pub const SKEP_BACKEND_REFUSED: i32 = 2;

pub const SKEP_FORMAT_TEXT: i32 = 0;
pub const SKEP_FORMAT_JSON: i32 = 1;

pub const SKEP_FILTER_ALLOW: i32 = 0;
pub const SKEP_FILTER_DENY: i32 = 1;

pub const SKEP_OPEN_MAP: u32 = 1 << 0;
pub const SKEP_OPEN_SKIP_CHECKSUMS: u32 = 1 << 1;

pub const SKEP_MAX_DIM: u32 = 65536;
pub const SKEP_MAX_ROWS: u32 = 4294967294;
pub const SKEP_MAX_KEY_BYTES: u32 = 256;
pub const SKEP_MIN_GRAPH_LINKS: u32 = 2;
pub const SKEP_MAX_GRAPH_LINKS: u32 = 512;
pub const SKEP_MAX_EF_CONSTRUCTION: u32 = 65536;
pub const SKEP_NUM_METRICS: usize = 3;
pub const SKEP_ERROR_MESSAGE_BYTES: usize = 1000;
pub const SKEP_NO_ROW: u32 = 4294967295;

// A handle that only libskep can look into; neither moved nor shared between threads by itself.
macro_rules! handles {
    ($($name:ident)*) => {$(
        #[repr(C)]
        pub struct $name {
            _bytes: [u8; 0],
            _marker: PhantomData<(*mut u8, PhantomPinned)>,
        }
    )*};
}
handles! { skep_runtime skep_collection skep_cancel skep_filter skep_byte_list skep_range_result skep_vectors }

pub type skep_log_fn = unsafe extern "C" fn(
    user_data: *mut c_void,
    level: i32,
    component: *const c_char,
    thread_id: u64,
    message: *const c_char,
);
pub type skep_allow_load_fn =
    unsafe extern "C" fn(user_data: *mut c_void, attempt: *const skep_load_attempt) -> i32;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_matrix {
    pub struct_size: u32,
    pub dtype: skep_dtype,
    pub memory_kind: skep_memory_kind,
    pub memory_device_id: i32,
    pub num_rows: u64,
    pub dim: u32,
    pub reserved: u32,
    pub row_stride_bytes: u64,
    pub data: *const c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_mutable_matrix {
    pub struct_size: u32,
    pub dtype: skep_dtype,
    pub memory_kind: skep_memory_kind,
    pub memory_device_id: i32,
    pub num_rows: u64,
    pub dim: u32,
    pub reserved: u32,
    pub row_stride_bytes: u64,
    pub data: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_byte_list_view {
    pub struct_size: u32,
    pub reserved: u32,
    pub count: u64,
    pub offsets: *const u64,
    pub bytes: *const c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_keys {
    pub struct_size: u32,
    pub kind: skep_key_kind,
    pub count: u64,
    pub u64: *const u64,
    pub offsets: *const u64,
    pub bytes: *const c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_device_info {
    pub struct_size: u32,
    pub ordinal: i32,
    pub memory_kind: skep_memory_kind,
    pub memory_device_id: i32,
    pub capabilities: u64,
    pub supported_dtypes: [u32; SKEP_NUM_METRICS],
    pub max_dim: u32,
    pub max_k: u64,
    pub max_batch: u64,
    pub total_memory_bytes: u64,
    pub free_memory_bytes: u64,
    pub num_compute_units: u32,
    pub max_threads_per_block: u32,
    pub max_shared_memory_per_block_bytes: u64,
    pub id: [c_char; 64],
    pub backend: [c_char; 64],
    pub name: [c_char; 128],
    pub isa: [c_char; 64],
    pub uuid: [c_char; 64],
    pub pci_bus_id: [c_char; 32],
    pub driver_version: [c_char; 64],
    pub compute_capability: [c_char; 16],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_error {
    pub struct_size: u32,
    pub code: skep_status,
    pub layer: i32,
    pub reserved: u32,
    pub native_code: i64,
    pub message: [c_char; SKEP_ERROR_MESSAGE_BYTES],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_call_options {
    pub struct_size: u32,
    pub reserved: u32,
    pub timeout_ns: u64,
    pub cancel: *mut skep_cancel,
    pub progress:
        Option<unsafe extern "C" fn(user_data: *mut c_void, done: u64, total: u64) -> i32>,
    pub user_data: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_load_attempt {
    pub struct_size: u32,
    pub reserved: u32,
    pub backend_name: *const c_char,
    pub manifest_path: *const c_char,
    pub library_path: *const c_char,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_runtime_options {
    pub struct_size: u32,
    pub flags: u32,
    pub num_threads: u32,
    pub log_level: i32,
    pub backend_paths: *const *const c_char,
    pub num_backend_paths: u64,
    pub log: Option<skep_log_fn>,
    pub allow_load: Option<skep_allow_load_fn>,
    pub user_data: *mut c_void,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_backend_info {
    pub struct_size: u32,
    pub state: i32,
    pub reason: skep_status,
    pub priority: i32,
    pub is_builtin: i32,
    pub num_devices: u32,
    pub name: [c_char; 64],
    pub version: [c_char; 32],
    pub origin: [c_char; 32],
    pub message: [c_char; 512],
    pub manifest_path: [c_char; 1024],
    pub library_path: [c_char; 1024],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_collection_options {
    pub struct_size: u32,
    pub dim: u32,
    pub metric: skep_metric,
    pub dtype: skep_dtype,
    pub index: skep_index_kind,
    pub key_kind: skep_key_kind,
    pub device: *const c_char,
    pub reserve_rows: u64,
    pub m: u32,
    pub ef_construction: u32,
    pub seed: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_collection_info {
    pub struct_size: u32,
    pub dim: u32,
    pub metric: skep_metric,
    pub dtype: skep_dtype,
    pub index: skep_index_kind,
    pub key_kind: skep_key_kind,
    pub m: u32,
    pub ef_construction: u32,
    pub seed: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_search_options {
    pub struct_size: u32,
    pub ef_search: u32,
    pub k: u64,
    pub filter: *mut skep_filter,
    pub recall: f64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_search_output {
    pub struct_size: u32,
    pub reserved: u32,
    pub keys: *mut u64,
    pub strings: *mut *mut skep_byte_list,
    pub distances: *mut f32,
    pub counts: *mut u64,
    pub payloads: *mut *mut skep_byte_list,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_range_view {
    pub struct_size: u32,
    pub reserved: u32,
    pub num_queries: u64,
    pub offsets: *const u64,
    pub keys: *const u64,
    pub strings: *const skep_byte_list,
    pub distances: *const f32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_collection_stats {
    pub struct_size: u32,
    pub reserved: u32,
    pub num_rows: u64,
    pub num_removed: u64,
    pub capacity_rows: u64,
    pub row_bytes: u64,
    pub reserved_bytes: u64,
    pub key_bytes: u64,
    pub payload_bytes: u64,
    pub num_searches: u64,
    pub num_exact_retries: u64,
    pub num_linked: u64,
    pub num_links: u64,
    pub num_levels: u64,
    pub graph_bytes: u64,
    pub graph_reserved_bytes: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_open_options {
    pub struct_size: u32,
    pub flags: u32,
    pub device: *const c_char,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct skep_hnswlib_options {
    pub struct_size: u32,
    pub metric: skep_metric,
    pub dtype: skep_dtype,
    pub reserved: u32,
    pub device: *const c_char,
}

extern "C" {
    pub fn skep_version() -> *const c_char;
    pub fn skep_status_name(status: skep_status) -> *const c_char;
    pub fn skep_metric_name(metric: skep_metric) -> *const c_char;
    pub fn skep_dtype_name(dtype: skep_dtype) -> *const c_char;
    pub fn skep_index_kind_name(kind: skep_index_kind) -> *const c_char;
    pub fn skep_metric_from_name(
        name: *const c_char,
        out: *mut skep_metric,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_dtype_from_name(
        name: *const c_char,
        out: *mut skep_dtype,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_index_kind_from_name(
        name: *const c_char,
        out: *mut skep_index_kind,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_similarity(metric: skep_metric, distance: f32) -> f32;
    pub fn skep_byte_list_count(list: *const skep_byte_list) -> u64;
    pub fn skep_byte_list_at(
        list: *const skep_byte_list,
        index: u64,
        size: *mut u64,
    ) -> *const c_char;
    pub fn skep_byte_list_destroy(list: *mut skep_byte_list);
    pub fn skep_cancel_create(out: *mut *mut skep_cancel, error: *mut skep_error) -> skep_status;
    pub fn skep_cancel_trigger(cancel: *mut skep_cancel);
    pub fn skep_cancel_reset(cancel: *mut skep_cancel);
    pub fn skep_cancel_destroy(cancel: *mut skep_cancel);
    pub fn skep_runtime_create(
        options: *const skep_runtime_options,
        out: *mut *mut skep_runtime,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_runtime_destroy(runtime: *mut skep_runtime);
    pub fn skep_runtime_num_backends(
        runtime: *mut skep_runtime,
        out: *mut u64,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_runtime_backend_at(
        runtime: *mut skep_runtime,
        index: u64,
        out: *mut skep_backend_info,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_runtime_explain(
        runtime: *mut skep_runtime,
        format: i32,
        out: *mut *mut skep_byte_list,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_runtime_num_devices(
        runtime: *mut skep_runtime,
        out: *mut u64,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_runtime_device_at(
        runtime: *mut skep_runtime,
        index: u64,
        out: *mut skep_device_info,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_runtime_find_device(
        runtime: *mut skep_runtime,
        name: *const c_char,
        out: *mut skep_device_info,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_create(
        runtime: *mut skep_runtime,
        options: *const skep_collection_options,
        out: *mut *mut skep_collection,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_destroy(collection: *mut skep_collection);
    pub fn skep_collection_get_info(
        collection: *mut skep_collection,
        out: *mut skep_collection_info,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_get_device(
        collection: *mut skep_collection,
        out: *mut skep_device_info,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_add(
        collection: *mut skep_collection,
        rows: *const skep_matrix,
        keys: *const skep_keys,
        payloads: *const skep_byte_list_view,
        call: *const skep_call_options,
        first_key: *mut u64,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_upsert(
        collection: *mut skep_collection,
        rows: *const skep_matrix,
        keys: *const skep_keys,
        payloads: *const skep_byte_list_view,
        call: *const skep_call_options,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_remove(
        collection: *mut skep_collection,
        keys: *const skep_keys,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_get(
        collection: *mut skep_collection,
        keys: *const skep_keys,
        rows: *const skep_mutable_matrix,
        payloads: *mut *mut skep_byte_list,
        found: *mut u8,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_contains(
        collection: *mut skep_collection,
        keys: *const skep_keys,
        found: *mut u8,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_count(
        collection: *mut skep_collection,
        out: *mut u64,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_list_keys(
        collection: *mut skep_collection,
        u64: *mut u64,
        capacity: u64,
        num_keys: *mut u64,
        strings: *mut *mut skep_byte_list,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_clear(
        collection: *mut skep_collection,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_reserve(
        collection: *mut skep_collection,
        num_rows: u64,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_compact(
        collection: *mut skep_collection,
        call: *const skep_call_options,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_filter_create(
        collection: *mut skep_collection,
        mode: i32,
        keys: *const skep_keys,
        out: *mut *mut skep_filter,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_filter_destroy(filter: *mut skep_filter);
    pub fn skep_collection_search(
        collection: *mut skep_collection,
        queries: *const skep_matrix,
        options: *const skep_search_options,
        output: *const skep_search_output,
        call: *const skep_call_options,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_calibrate(
        collection: *mut skep_collection,
        k: u64,
        recall: f64,
        queries: *const skep_matrix,
        call: *const skep_call_options,
        ef_search: *mut u32,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_range_search(
        collection: *mut skep_collection,
        queries: *const skep_matrix,
        radius: f32,
        options: *const skep_search_options,
        call: *const skep_call_options,
        out: *mut *mut skep_range_result,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_range_result_view(
        result: *const skep_range_result,
        out: *mut skep_range_view,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_range_result_destroy(result: *mut skep_range_result);
    pub fn skep_collection_get_stats(
        collection: *mut skep_collection,
        out: *mut skep_collection_stats,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_save(
        collection: *mut skep_collection,
        path: *const c_char,
        call: *const skep_call_options,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_open(
        runtime: *mut skep_runtime,
        path: *const c_char,
        options: *const skep_open_options,
        call: *const skep_call_options,
        out: *mut *mut skep_collection,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_import_hnswlib(
        runtime: *mut skep_runtime,
        path: *const c_char,
        options: *const skep_hnswlib_options,
        call: *const skep_call_options,
        out: *mut *mut skep_collection,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_collection_export_hnswlib(
        collection: *mut skep_collection,
        path: *const c_char,
        call: *const skep_call_options,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_file_describe(
        path: *const c_char,
        out: *mut *mut skep_byte_list,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_vectors_open(
        path: *const c_char,
        out: *mut *mut skep_vectors,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_vectors_view(
        vectors: *const skep_vectors,
        out: *mut skep_matrix,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_vectors_close(vectors: *mut skep_vectors);
    pub fn skep_vectors_write(
        path: *const c_char,
        rows: *const skep_matrix,
        call: *const skep_call_options,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_vectors_convert(
        rows: *const skep_matrix,
        out: *const skep_mutable_matrix,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_ground_truth(
        runtime: *mut skep_runtime,
        base: *const skep_matrix,
        queries: *const skep_matrix,
        metric: skep_metric,
        k: u64,
        ids: *mut u32,
        distances: *mut f32,
        call: *const skep_call_options,
        error: *mut skep_error,
    ) -> skep_status;
    pub fn skep_recall(
        num_queries: u64,
        k: u64,
        found_keys: *const u64,
        found_distances: *const f32,
        truth_k: u64,
        true_distances: *const f32,
        out: *mut f64,
        error: *mut skep_error,
    ) -> skep_status;
}
