// SPDX-License-Identifier: Apache-2.0
// Aligned, zeroed memory, and sizes that cannot overflow.
#ifndef EW_MEMORY_H
#define EW_MEMORY_H

#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#include "../common/attributes.h"

// gcc defines __SANITIZE_ADDRESS__; clang has a feature instead.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

enum { EW_HUGE_PAGE = 2 << 20 };

// a * b, or SIZE_MAX where that is too large: no buffer is so long, and ew_alloc refuses it.
static inline size_t ew_times(size_t a, size_t b) { return b && a > SIZE_MAX / b ? SIZE_MAX : a * b; }

// Asks for huge pages where memory fills them: reading it then misses fewer address translations.
static inline void ew_prefer_huge_pages(void *memory, size_t bytes) {
#ifdef MADV_HUGEPAGE
    madvise(memory, bytes / EW_HUGE_PAGE * EW_HUGE_PAGE, MADV_HUGEPAGE); // small pages are no error
#else
    (void)memory, (void)bytes;
#endif
}

// Zeroed memory on an EK_ALIGN boundary, or NULL. Free with ew_free(). From calloc, so that large blocks, which the
// system hands out zeroed, take no time and no memory until they are used.
#if defined(__SANITIZE_ADDRESS__)
static inline void *ew_alloc(size_t bytes) { // without slack after it, in which an overrun would not show
    void *memory = NULL;
    if (bytes > SIZE_MAX / 4 || posix_memalign(&memory, EK_ALIGN, bytes) != 0)
        return NULL;
    return memset(memory, 0, bytes);
}

static inline void ew_free(void *memory) { free(memory); }
#else
static inline void *ew_alloc(size_t bytes) {
    const size_t align = bytes >= EW_HUGE_PAGE ? EW_HUGE_PAGE : EK_ALIGN;
    if (bytes > SIZE_MAX - 2 * align)
        return NULL;
    char *block = calloc(1, bytes + 2 * align);
    if (!block)
        return NULL;
    char *memory = block + 2 * align - (uintptr_t)block % align;
    memcpy(memory - sizeof block, &block, sizeof block); // where the block begins, for ew_free
    if (align == EW_HUGE_PAGE)
        ew_prefer_huge_pages(memory, bytes);
    return memory;
}

static inline void ew_free(void *memory) {
    char *block = NULL;
    if (memory)
        memcpy(&block, (char *)memory - sizeof block, sizeof block);
    free(block);
}
#endif

#endif
