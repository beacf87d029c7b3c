// SPDX-License-Identifier: Apache-2.0
// Preloaded into Python: calls of malloc, calloc, mmap and pthread_create from one library fail when they are told to.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t bytes);

static uintptr_t library_start, library_end;
static long calls_left = -1; // until one fails; negative: none does
static int for_good;

// Watches the library that lies between two addresses.
void failing_watch(uintptr_t start, uintptr_t end) {
    library_start = start;
    library_end = end;
}

// Lets call number `n` from now on fail, counted from 0, and with `forever` all behind it; -1: none.
void failing_arm(long n, int forever) {
    calls_left = n;
    for_good = forever;
}

static int fails(const void *caller) {
    const uintptr_t at = (uintptr_t)caller;
    if (calls_left < 0 || at < library_start || at >= library_end)
        return 0;
    if (calls_left > 0) {
        calls_left--;
        return 0;
    }
    calls_left = for_good ? 0 : -1;
    return 1;
}

void *malloc(size_t bytes) {
    if (!fails(__builtin_return_address(0)))
        return __libc_malloc(bytes);
    errno = ENOMEM;
    return NULL;
}

void *calloc(size_t n, size_t bytes) {
    if (!fails(__builtin_return_address(0)))
        return __libc_calloc(n, bytes);
    errno = ENOMEM;
    return NULL;
}

void *mmap(void *start, size_t bytes, int access, int flags, int file, off_t offset) {
    if (!fails(__builtin_return_address(0)))
        return (void *)syscall(SYS_mmap, start, bytes, access, flags, file, offset);
    errno = ENOMEM;
    return MAP_FAILED;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (!real)
        real = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))(uintptr_t)dlsym(RTLD_NEXT,
                                                                                               "pthread_create");
    return fails(__builtin_return_address(0)) ? EAGAIN : real(thread, attributes, run, argument);
}
