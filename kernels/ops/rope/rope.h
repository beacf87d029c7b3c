// SPDX-License-Identifier: Apache-2.0
// Rotary positions, in place: dimensions c and c + width / 2 of each head are turned as a pair by an angle of their own.
//
//   x[c], x[c + half] = x[c] cos - x[c + half] sin, x[c + half] cos + x[c] sin        half = width / 2, c < half
//
// x         m rows, ldx floats apart, each of n_heads heads of `width` floats side by side; width is even.
// turns     width floats a position: the cosines of its angles, then their sines.
// position  m positions, one a row.
//
// Each product but the last of a sum is fused into it as the source says, so every variant gives the same bits.
#ifndef EK_ROPE_H
#define EK_ROPE_H

#include "../../common/attributes.h"

#define EK_DECL_ROPE(name)                                                                                  \
    void name(float *x, size_t ldx, const float *turns, const int32_t *position, size_t m, size_t n_heads, \
              size_t width)

typedef EK_DECL_ROPE(ek_rope_fn);
EK_DECL_ROPE(ek_rope_f32_ref);

#endif
