/* SPDX-License-Identifier: MIT */
/* The three versions of Skep. They move independently: the library, the backend ABI, the file
 * format. */
#ifndef SKEP_VERSION_H
#define SKEP_VERSION_H

/* The library and skep.h. Until 1.0 a minor step may change the client ABI; from 1.0 on only a
 * major one may. */
#define SKEP_VERSION_MAJOR 0
#define SKEP_VERSION_MINOR 1
#define SKEP_VERSION_PATCH 0

/*
 * The backend ABI (backend.h, host_services.h, types.h, status.h) that these headers describe. A
 * host offers a range of versions, a backend answers with the highest one that both speak. Within
 * one version structs grow only at the end, guarded by their struct_size. Version 1 is frozen when
 * the library reaches 1.0.
 */
#define SKEP_BACKEND_ABI_VERSION 1

/* The .skep container: a newer major is refused, a newer minor is read (unknown sections are
 * skipped). */
#define SKEP_FILE_VERSION_MAJOR 1
#define SKEP_FILE_VERSION_MINOR 0

#endif
