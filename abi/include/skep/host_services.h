/* SPDX-License-Identifier: MIT */
/*
 * What the host lends to a backend: a log, memory, worker threads, and a way to stop long calls. A
 * backend that uses only these has no thread pool, no output and no allocator of its own, and
 * behaves well inside any application.
 */
#ifndef SKEP_HOST_SERVICES_H
#define SKEP_HOST_SERVICES_H

#include "skep/status.h"
#include "skep/types.h"

SKEP_EXTERN_C_BEGIN

/* Log levels; a message is shown when its level is at most the level asked for. The default shows
 * nothing. */
enum {
    SKEP_LOG_OFF = 0,
    SKEP_LOG_ERROR = 1,
    SKEP_LOG_WARNING = 2,
    SKEP_LOG_INFO = 3,
    SKEP_LOG_DEBUG = 4
};

/*
 * One piece of parallel work. task_id runs over 0..num_tasks-1, each exactly once, in any order.
 * worker_id is below num_workers() and no two tasks run at once under one worker_id within one
 * parallel_for: use it to pick scratch memory. Must not throw.
 */
typedef void (*skep_task_fn)(void *task_context, uint64_t task_id, uint32_t worker_id);

/*
 * Valid from create until destroy of the backend that got it; context goes back unchanged as first
 * argument. All functions may be called from any thread, are never NULL and never throw.
 */
typedef struct skep_host_services {
    uint32_t struct_size;
    uint32_t reserved;
    void *context;

    /* 1 if a message of this level would be shown: ask before formatting an expensive one. */
    int32_t (*log_enabled)(void *context, int32_t level);
    /* component: a short lower-case word, "cuda". Both texts are copied before the call returns. */
    void (*log)(void *context, int32_t level, const char *component, const char *message);

    /*
     * Host memory, counted by the host. alignment is a power of two. NULL when there is none:
     * answer with SKEP_OUT_OF_HOST_MEMORY. The contents are undefined. Give back with the same size
     * and alignment; NULL is ignored.
     */
    void *(*allocate)(void *context, uint64_t size, uint64_t alignment);
    void (*deallocate)(void *context, void *pointer, uint64_t size, uint64_t alignment);

    /* How many workers parallel_for uses at most; at least 1. Stays the same for the life of the
     * host. */
    uint32_t (*num_workers)(void *context);
    /*
     * Runs task(task_context, id, worker) for every id below num_tasks and returns when all have
     * finished. The calling thread takes part, so the call makes progress even when every worker is
     * busy, and may be nested.
     */
    void (*parallel_for)(void *context, uint64_t num_tasks, skep_task_fn task, void *task_context);
} skep_host_services;

/*
 * Passed with every call that may take long. poll tells the host how far the work is (done of
 * total, in units of the callee's choice; total 0 when unknown) and answers SKEP_OK, or
 * SKEP_CANCELLED or SKEP_DEADLINE_EXCEEDED: then give up, undo, and return that status. May be
 * called from any thread; costs a few nanoseconds; call it at least every 20 ms of work. A NULL
 * skep_call means that the call cannot be stopped.
 */
typedef struct skep_call {
    uint32_t struct_size;
    uint32_t reserved;
    void *context;
    skep_status (*poll)(void *context, uint64_t done, uint64_t total);
} skep_call;

SKEP_EXTERN_C_END

#endif
