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

enum {
    EW_HUGE_PAGE = 2 << 20,
    EW_MAPPED = 256 << 10, // bytes from which a lasting block is a mapping of its own
};

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

// ew_alloc: zeroed memory on an EK_ALIGN boundary, or NULL. Free with ew_free(). From calloc, so that large blocks,
// which the system hands out zeroed, take no time until they are used.
//
// ew_alloc_lasting: the same for what is kept as long as a model is, weights and caches. On Linux a large block is a
// mapping of its own: it takes no memory before it is used, and none after it was freed. glibc's heap, to which calloc
// turns once a block of some MiB was freed, fills it with zeros, and keeps holes between such blocks. For what a call
// needs a mapping would be slow, for its pages are cleared each time.
#if defined(__SANITIZE_ADDRESS__)
static inline void *ew_alloc(size_t bytes) { // without slack after it, in which an overrun would not show
    void *memory = NULL;
    if (bytes > SIZE_MAX / 4 || posix_memalign(&memory, EK_ALIGN, bytes) != 0)
        return NULL;
    return memset(memory, 0, bytes);
}

static inline void *ew_alloc_lasting(size_t bytes) { return ew_alloc(bytes); }

static inline void ew_free(void *memory) { free(memory); }
#else
typedef struct {
    void *start;
    size_t mapped; // bytes, or 0 where it is from calloc
} ew_origin;

static inline ew_origin ew_take(size_t bytes, int is_mapped) {
#ifdef __linux__
    if (is_mapped) {
        void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return (ew_origin){start == MAP_FAILED ? NULL : start, bytes};
    }
#else
    (void)is_mapped;
#endif
    return (ew_origin){calloc(1, bytes), 0};
}

static inline void *ew_place(size_t bytes, int is_mapped) {
    const size_t align = bytes >= EW_HUGE_PAGE ? EW_HUGE_PAGE : EK_ALIGN;
    if (bytes > SIZE_MAX - 2 * align)
        return NULL;
    const ew_origin origin = ew_take(bytes + 2 * align, is_mapped);
    if (!origin.start)
        return NULL;
    char *memory = (char *)origin.start + 2 * align - (uintptr_t)origin.start % align;
    memcpy(memory - sizeof origin, &origin, sizeof origin); // for ew_free
    if (align == EW_HUGE_PAGE)
        ew_prefer_huge_pages(memory, bytes);
    return memory;
}

static inline void *ew_alloc(size_t bytes) { return ew_place(bytes, 0); }

static inline void *ew_alloc_lasting(size_t bytes) { return ew_place(bytes, bytes >= EW_MAPPED); }

static inline void ew_free(void *memory) {
    ew_origin origin = {0};
    if (memory)
        memcpy(&origin, (char *)memory - sizeof origin, sizeof origin);
#ifdef __linux__
    if (origin.mapped) {
        munmap(origin.start, origin.mapped);
        return;
    }
#endif
    free(origin.start);
}
#endif

#endif
