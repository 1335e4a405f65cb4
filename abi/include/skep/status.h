/* SPDX-License-Identifier: MIT */
/*
 * How every call of both ABIs fails: a status, and optionally an error object that the caller owns.
 *
 *     skep_error error = SKEP_ERROR_INIT;
 *     if (skep_runtime_create(NULL, &runtime, &error) != SKEP_OK) puts(error.message);
 *
 * A call that fails leaves its outputs untouched and changes nothing that was there before it.
 */
#ifndef SKEP_STATUS_H
#define SKEP_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "skep/export.h"

SKEP_EXTERN_C_BEGIN

/* Zero is success. Numbers are never reused; an unknown positive number is a failure of a newer
 * peer. */
typedef int32_t skep_status;

enum {
    SKEP_OK = 0,

    /* What the caller passed. */
    SKEP_INVALID_ARGUMENT =
        1, /* NULL handle or output, struct_size below the floor, unknown enumerator */
    SKEP_INVALID_DIMENSION = 2,  /* dim is 0 or larger than SKEP_MAX_DIM */
    SKEP_DIMENSION_MISMATCH = 3, /* rows or queries are not as long as the collection's rows */
    SKEP_NOT_FINITE = 4,  /* a component is NaN or infinite; the message names row and component */
    SKEP_INVALID_KEY = 5, /* string key empty, longer than 256 bytes or not UTF-8; u64 key
                             UINT64_MAX; or the wrong kind of key */
    SKEP_DUPLICATE_KEY = 6, /* key already in the collection, or twice in one batch */
    SKEP_KEY_NOT_FOUND = 7, /* no row has this key (never had, or it was removed) */
    SKEP_INVALID_K = 8,     /* k is 0 or larger than the device takes */
    SKEP_UNSUPPORTED_TYPE =
        9, /* this element type, or this type with this metric, is not offered here */
    SKEP_UNSUPPORTED =
        10, /* the operation is optional and this backend or build does not have it */
    SKEP_LIMIT_EXCEEDED =
        11, /* more rows than a collection can number, or a product that overflows */

    /* Devices. */
    SKEP_UNKNOWN_DEVICE = 20,       /* no backend of that name is known */
    SKEP_DEVICE_NOT_AVAILABLE = 21, /* the name is understood, but the device is not there */
    SKEP_DEVICE_FAILED = 22,        /* the device's driver returned an error: see native_code */
    SKEP_DEVICE_LOST = 23,          /* the device does not answer any more; its stores are gone */
    SKEP_COMPILATION_FAILED = 24,   /* device code could not be compiled for this device */
    SKEP_WRONG_MEMORY = 25, /* a matrix lies in memory that the callee did not declare to accept */

    /* Resources and control. */
    SKEP_OUT_OF_HOST_MEMORY = 30,
    SKEP_OUT_OF_DEVICE_MEMORY = 31,
    SKEP_CANCELLED = 32,
    SKEP_DEADLINE_EXCEEDED = 33,
    SKEP_BUSY = 34, /* the object is in use by another call that excludes this one */

    /* Files. */
    SKEP_FILE_NOT_FOUND = 40,
    SKEP_FILE_NOT_READABLE = 41,
    SKEP_FILE_NOT_WRITABLE = 42,
    SKEP_FILE_UNKNOWN_FORMAT = 43, /* not a file of the expected kind: magic or extension */
    SKEP_FILE_TRUNCATED = 44,      /* shorter than its own header says */
    SKEP_FILE_CORRUPT = 45,        /* a checksum or an invariant does not hold */
    SKEP_FILE_TOO_NEW = 46,        /* written in a format version that this library does not read */
    SKEP_FILE_IMPOSSIBLE_SIZE =
        47, /* a length in the file cannot be true; nothing was allocated for it */
    SKEP_DISK_FULL = 48,
    SKEP_IO_FAILED = 49,

    /* Backends as plugins. */
    SKEP_MANIFEST_INVALID = 60,     /* the message gives file, line and column */
    SKEP_PATH_NOT_TRUSTED = 61,     /* file or folder could be changed by somebody else */
    SKEP_LIBRARY_NOT_LOADABLE = 62, /* the dynamic linker refused it; the message is the linker's */
    SKEP_ENTRY_SYMBOL_MISSING = 63, /* no skep_backend_entry in the library */
    SKEP_ABI_MISMATCH = 64,         /* no common ABI version; the message gives both ranges */
    SKEP_OPERATION_MISSING = 65,    /* required operations absent; the message lists all of them */
    SKEP_REQUIREMENT_NOT_MET =
        66, /* manifest asks for a processor feature or driver library not present */
    SKEP_BACKEND_NAME_CLASH = 67, /* another manifest of this name was found earlier */
    SKEP_VETOED = 68,             /* the application's load callback said no */

    /* Defects: please report them. */
    SKEP_INTERNAL =
        90, /* an invariant of the library is broken, or an unexpected exception was caught */
    SKEP_BACKEND_MISBEHAVED = 91 /* a backend broke a numbered obligation; the message cites it */
};

/* Where an error arose. */
enum {
    SKEP_LAYER_NONE = 0,
    SKEP_LAYER_CLIENT = 1,  /* libskep, while checking what the application passed */
    SKEP_LAYER_CORE = 2,    /* libskep itself: files, registry, collections */
    SKEP_LAYER_LOADER = 3,  /* finding and loading backends */
    SKEP_LAYER_BACKEND = 4, /* a backend */
    SKEP_LAYER_DRIVER = 5   /* the driver under a backend; native_code is its number */
};

#define SKEP_ERROR_MESSAGE_BYTES 1000

/*
 * Text and codes of one failure. The caller owns it, sets struct_size (SKEP_ERROR_INIT does) and
 * may reuse it. A NULL pointer is always legal; one whose struct_size does not reach past `code` is
 * ignored. Written only on failure. message is NUL-terminated UTF-8: operation, value, expectation.
 * It is plain bytes inside the struct, so it stays readable after every handle is destroyed and
 * from any thread.
 */
typedef struct skep_error {
    uint32_t struct_size;
    skep_status code;
    int32_t layer;
    uint32_t reserved;   /* 0 */
    int64_t native_code; /* errno, a driver's result, or 0 */
    char message[SKEP_ERROR_MESSAGE_BYTES];
} skep_error;

#define SKEP_ERROR_INIT {(uint32_t)sizeof(skep_error), 0, 0, 0, 0, {0}}

/* Bytes of a struct up to and including one member: the floor below which a struct_size is refused.
 */
#define SKEP_SIZE_THROUGH(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

SKEP_EXTERN_C_END

#endif
