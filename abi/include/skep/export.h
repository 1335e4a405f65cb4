/* SPDX-License-Identifier: MIT */
/* Which symbols cross a library boundary. Nothing else is visible outside libskep or a backend. */
#ifndef SKEP_EXPORT_H
#define SKEP_EXPORT_H

#if defined(_WIN32)
#define SKEP_SYMBOL_EXPORT __declspec(dllexport)
#define SKEP_SYMBOL_IMPORT __declspec(dllimport)
#else
#define SKEP_SYMBOL_EXPORT __attribute__((visibility("default")))
#define SKEP_SYMBOL_IMPORT
#endif

/* Functions of skep.h: exported while libskep itself is compiled, imported by everyone else. */
#if defined(SKEP_BUILDING_LIBRARY)
#define SKEP_API SKEP_SYMBOL_EXPORT
#else
#define SKEP_API SKEP_SYMBOL_IMPORT
#endif

/* The one function that a backend exports. */
#define SKEP_BACKEND_EXPORT SKEP_SYMBOL_EXPORT

#if defined(__cplusplus)
#define SKEP_EXTERN_C_BEGIN extern "C" {
#define SKEP_EXTERN_C_END }
#else
#define SKEP_EXTERN_C_BEGIN
#define SKEP_EXTERN_C_END
#endif

#endif
