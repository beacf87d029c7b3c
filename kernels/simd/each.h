// SPDX-License-Identifier: Apache-2.0
// Folds sixteen vectors one after the other, for instruction sets that have nothing better.
#ifndef EK_SIMD_EACH_H
#define EK_SIMD_EACH_H

#include "simd.h"

EK_INLINE v16 v16_largest_each(const v16 x[EK_TILE]) {
    float lanes[EK_TILE];
    EK_UNROLL for (size_t i = 0; i < EK_TILE; i++) lanes[i] = v16_largest(x[i]);
    return v16_load(lanes);
}

EK_INLINE v16i v16i_sum_each(const v16i x[EK_TILE]) {
    int32_t lanes[EK_TILE];
    EK_UNROLL for (size_t i = 0; i < EK_TILE; i++) lanes[i] = v16i_sum(x[i]);
    return v16i_load(lanes);
}

#endif
