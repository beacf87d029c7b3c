// SPDX-License-Identifier: Apache-2.0
// INT8 sums a quad at a time, for instruction sets that gain nothing by taking several.
#ifndef EK_SIMD_SINGLE_H
#define EK_SIMD_SINGLE_H

#include "ahead.h"

EK_INLINE size_t q8_dots_several(v16i (*acc)[Q8_TILES], const size_t rows, const int8_t *w, const int8_t *a,
                                 size_t stride, size_t quads, ahead next) {
    (void)acc, (void)rows, (void)w, (void)a, (void)stride, (void)quads, (void)next;
    return 0;
}

#endif
