// SPDX-License-Identifier: Apache-2.0
#ifndef EW_MEMORY_H
#define EW_MEMORY_H

#include <stdlib.h>
#include <string.h>

#include "../common/attributes.h"

// Zeroed memory on an EK_ALIGN boundary, or NULL. Free with ew_free(). From calloc, so that large blocks, which the
// system hands out zeroed, take no time and no memory until they are used.
static inline void *ew_alloc(size_t bytes) {
    if (bytes > SIZE_MAX - 2 * EK_ALIGN)
        return NULL;
    char *block = calloc(1, bytes + 2 * EK_ALIGN);
    if (!block)
        return NULL;
    char *memory = block + 2 * EK_ALIGN - (uintptr_t)block % EK_ALIGN;
    memcpy(memory - sizeof block, &block, sizeof block); // where the block begins, for ew_free
    return memory;
}

static inline void ew_free(void *memory) {
    char *block = NULL;
    if (memory)
        memcpy(&block, (char *)memory - sizeof block, sizeof block);
    free(block);
}

#endif
