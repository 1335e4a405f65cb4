// SPDX-License-Identifier: MIT
//! The declarations against the headers: a C program made here prints size, alignment and offsets
//! of every struct and the value of every constant, and Rust must see the same. Skipped, visibly,
//! where there is no C compiler.

use std::fmt::Write as _;
use std::mem::{align_of, size_of, MaybeUninit};
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use skep_sys::*;

/// What to ask C for, and what Rust knows, line by line.
#[derive(Default)]
struct Table {
    questions: String,
    answers: String,
}

macro_rules! layouts {
    ($table:ident, $($name:ident { $($field:ident)* })*) => {$(
        let shape = concat!(stringify!($name), " %zu %zu\\n");
        writeln!($table.questions, "printf(\"{}\", sizeof({n}), _Alignof({n}));", shape, n = stringify!($name)).unwrap();
        writeln!($table.answers, "{} {} {}", stringify!($name), size_of::<$name>(), align_of::<$name>()).unwrap();
        $(
            let field = concat!(stringify!($name), ".", stringify!($field));
            writeln!($table.questions, "printf(\"{} %zu %zu\\n\", offsetof({n}, {f}), sizeof((({n} *)0)->{f}));",
                     field, n = stringify!($name), f = stringify!($field)).unwrap();
            let place = MaybeUninit::<$name>::uninit();
            let start = place.as_ptr();
            // SAFETY: only addresses are taken, nothing is read.
            let member = unsafe { std::ptr::addr_of!((*start).$field) };
            writeln!($table.answers, "{} {} {}", field, member as usize - start as usize, size_of_pointee(member)).unwrap();
        )*
    )*};
}

fn size_of_pointee<T>(_: *const T) -> usize {
    size_of::<T>()
}

macro_rules! constants {
    ($table:ident, $($name:ident)*) => {$(
        writeln!($table.questions, "printf(\"{n} %lld\\n\", (long long){n});", n = stringify!($name)).unwrap();
        writeln!($table.answers, "{} {}", stringify!($name), $name).unwrap();
    )*};
}

fn table() -> Table {
    let mut table = Table::default();
    layouts! { table,
        skep_matrix { struct_size dtype memory_kind memory_device_id num_rows dim reserved row_stride_bytes data }
        skep_mutable_matrix { struct_size dtype memory_kind memory_device_id num_rows dim reserved row_stride_bytes data }
        skep_byte_list_view { struct_size reserved count offsets bytes }
        skep_keys { struct_size kind count u64 offsets bytes }
        skep_device_info { struct_size ordinal memory_kind memory_device_id capabilities supported_dtypes max_dim max_k max_batch total_memory_bytes free_memory_bytes num_compute_units max_threads_per_block max_shared_memory_per_block_bytes id backend name isa uuid pci_bus_id driver_version compute_capability }
        skep_error { struct_size code layer reserved native_code message }
        skep_call_options { struct_size reserved timeout_ns cancel progress user_data }
        skep_load_attempt { struct_size reserved backend_name manifest_path library_path }
        skep_runtime_options { struct_size flags num_threads log_level backend_paths num_backend_paths log allow_load user_data }
        skep_backend_info { struct_size state reason priority is_builtin num_devices name version origin message manifest_path library_path }
        skep_collection_options { struct_size dim metric dtype index key_kind device reserve_rows m ef_construction seed }
        skep_collection_info { struct_size dim metric dtype index key_kind m ef_construction seed }
        skep_search_options { struct_size ef_search k filter recall }
        skep_search_output { struct_size reserved keys strings distances counts payloads }
        skep_range_view { struct_size reserved num_queries offsets keys strings distances }
        skep_collection_stats { struct_size reserved num_rows num_removed capacity_rows row_bytes reserved_bytes key_bytes payload_bytes num_searches num_exact_retries num_linked num_links num_levels graph_bytes graph_reserved_bytes }
        skep_open_options { struct_size flags device }
        skep_hnswlib_options { struct_size metric dtype reserved device }
    }
    constants! { table,
        SKEP_METRIC_COSINE SKEP_METRIC_L2 SKEP_METRIC_INNER_PRODUCT SKEP_DTYPE_F32 SKEP_DTYPE_F16 SKEP_DTYPE_BF16 SKEP_DTYPE_I8 SKEP_DTYPE_U8 SKEP_DTYPE_I32 SKEP_INDEX_FLAT SKEP_INDEX_HNSW SKEP_KEY_U64 SKEP_KEY_STRING SKEP_MEMORY_HOST SKEP_MEMORY_CUDA SKEP_MEMORY_CUDA_HOST SKEP_MEMORY_OPENCL SKEP_MEMORY_VULKAN SKEP_MEMORY_METAL SKEP_MEMORY_ROCM SKEP_MEMORY_EXTENSION SKEP_MEMORY_CUDA_MANAGED SKEP_MEMORY_ONEAPI SKEP_CAPABILITY_RANGE_SEARCH SKEP_CAPABILITY_GRAPH SKEP_CAPABILITY_GRAPH_TRANSFER SKEP_CAPABILITY_DEVICE_MATRICES SKEP_CAPABILITY_ADOPT_ROWS SKEP_CAPABILITY_WARM_UP SKEP_CAPABILITY_MEMORY_STATS SKEP_CAPABILITY_CONCURRENT_SEARCH SKEP_OK SKEP_INVALID_ARGUMENT SKEP_INVALID_DIMENSION SKEP_DIMENSION_MISMATCH SKEP_NOT_FINITE SKEP_INVALID_KEY SKEP_DUPLICATE_KEY SKEP_KEY_NOT_FOUND SKEP_INVALID_K SKEP_UNSUPPORTED_TYPE SKEP_UNSUPPORTED SKEP_LIMIT_EXCEEDED SKEP_UNKNOWN_DEVICE SKEP_DEVICE_NOT_AVAILABLE SKEP_DEVICE_FAILED SKEP_DEVICE_LOST SKEP_COMPILATION_FAILED SKEP_WRONG_MEMORY SKEP_OUT_OF_HOST_MEMORY SKEP_OUT_OF_DEVICE_MEMORY SKEP_CANCELLED SKEP_DEADLINE_EXCEEDED SKEP_BUSY SKEP_FILE_NOT_FOUND SKEP_FILE_NOT_READABLE SKEP_FILE_NOT_WRITABLE SKEP_FILE_UNKNOWN_FORMAT SKEP_FILE_TRUNCATED SKEP_FILE_CORRUPT SKEP_FILE_TOO_NEW SKEP_FILE_IMPOSSIBLE_SIZE SKEP_DISK_FULL SKEP_IO_FAILED SKEP_MANIFEST_INVALID SKEP_PATH_NOT_TRUSTED SKEP_LIBRARY_NOT_LOADABLE SKEP_ENTRY_SYMBOL_MISSING SKEP_ABI_MISMATCH SKEP_OPERATION_MISSING SKEP_REQUIREMENT_NOT_MET SKEP_BACKEND_NAME_CLASH SKEP_VETOED SKEP_INTERNAL SKEP_BACKEND_MISBEHAVED SKEP_LAYER_NONE SKEP_LAYER_CLIENT SKEP_LAYER_CORE SKEP_LAYER_LOADER SKEP_LAYER_BACKEND SKEP_LAYER_DRIVER SKEP_LOG_OFF SKEP_LOG_ERROR SKEP_LOG_WARNING SKEP_LOG_INFO SKEP_LOG_DEBUG SKEP_RUNTIME_IGNORE_ENVIRONMENT SKEP_RUNTIME_BUILTIN_ONLY SKEP_BACKEND_FOUND SKEP_BACKEND_LOADED SKEP_BACKEND_REFUSED SKEP_FORMAT_TEXT SKEP_FORMAT_JSON SKEP_FILTER_ALLOW SKEP_FILTER_DENY SKEP_OPEN_MAP SKEP_OPEN_SKIP_CHECKSUMS SKEP_MAX_DIM SKEP_MAX_ROWS SKEP_MAX_KEY_BYTES SKEP_MIN_GRAPH_LINKS SKEP_MAX_GRAPH_LINKS SKEP_MAX_EF_CONSTRUCTION SKEP_NUM_METRICS SKEP_ERROR_MESSAGE_BYTES SKEP_NO_ROW
    }
    table
}

#[test]
fn layouts_and_constants_are_those_of_the_headers() {
    let include = env::var_os("SKEP_INCLUDE_DIR")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../abi/include"));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (source, program) = (folder.join("layout.c"), folder.join("layout"));
    let table = table();
    fs::write(
        &source,
        format!(
            "#include <skep/skep.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {{\n{}return 0;\n}}\n",
            table.questions
        ),
    )
    .unwrap();
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    match Command::new(&compiler)
        .arg("-std=c11")
        .arg("-I")
        .arg(include)
        .arg(source)
        .arg("-o")
        .arg(&program)
        .status()
    {
        Err(error) => return eprintln!("SKIPPED: no C compiler '{}': {}", compiler, error),
        Ok(status) => assert!(status.success(), "the headers did not compile"),
    }
    let printed = String::from_utf8(Command::new(program).output().unwrap().stdout).unwrap();

    assert!(printed.lines().count() > 200);
    for (seen, known) in printed.lines().zip(table.answers.lines()) {
        assert_eq!(seen, known, "left: C, right: Rust; name, size or offset, alignment or size");
    }
    assert_eq!(printed.lines().count(), table.answers.lines().count());
}
