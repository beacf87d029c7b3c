// SPDX-License-Identifier: Apache-2.0
#ifndef EW_MEMORY_H
#define EW_MEMORY_H

#include <stdlib.h>
#include <string.h>

#include "../common/attributes.h"

// Zeroed memory on an EK_ALIGN boundary, or NULL. Free with free().
static inline void *ew_alloc(size_t bytes) {
    void *memory = NULL;
    const size_t size = ek_round_up(bytes ? bytes : 1, EK_ALIGN);
    if (size < bytes || posix_memalign(&memory, EK_ALIGN, size) != 0)
        return NULL;
    return memset(memory, 0, size);
}

#endif
