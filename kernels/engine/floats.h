// SPDX-License-Identifier: Apache-2.0
// Buffers of floats that know how long they are, so that every use of a part of one is checked, in every build.
#ifndef EW_FLOATS_H
#define EW_FLOATS_H

#include <assert.h>

#include "memory.h"

typedef struct {
    float *at;
    size_t n;
} ew_floats;

// Makes lasting room for n zeros. Nonzero without memory.
static inline int ew_floats_allocate(ew_floats *buffer, size_t n) {
    *buffer = (ew_floats){ew_alloc_lasting(ew_times(n, sizeof(float))), n};
    return !buffer->at;
}

// Rows first .. first + m of `width` floats each, for a caller that touches no others.
static inline float *ew_rows(ew_floats buffer, size_t first, size_t m, size_t width) {
    assert(ew_times(first + m, width) <= buffer.n);
    return buffer.at + first * width;
}

#endif
