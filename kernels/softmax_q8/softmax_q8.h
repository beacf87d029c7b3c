// SPDX-License-Identifier: Apache-2.0
// Softmax of m rows whose result is two base-128 digits a weight, ready to multiply INT8 values:
//
//   e[j] = exp(x[j] - max), p[j] = round_half_even(e[j] * 16383), high[j] = p[j] >> 7, low[j] = p[j] & 127
//   low_scale = 1 / sum(p), high_scale = 128 / sum(p)      so that weight[j] = high_scale * high + low_scale * low
//
// Dividing by the sum of the rounded weights keeps them a distribution. One 7-bit digit would lose the tail
// of a wide distribution (everything under 1/254 of the largest weight); 14 bits lose nothing that shows.
// Digits are rows of lda >= round_up(n, 16) bytes, 0 from n to round_up(n, 16). n > 0.
#ifndef EK_SOFTMAX_Q8_H
#define EK_SOFTMAX_Q8_H

#include "../common/attributes.h"

enum { EK_WEIGHT_ONE = 127 * 128 + 127 };

typedef struct {
    int8_t *digits; // m rows, lda bytes apart
    float *scale;   // m
    int32_t *sum;   // m: sum of the digits of each row
} ek_digits;

#define EK_DECL_SOFTMAX_Q8(name)                                                                        \
    void name(ek_digits high, ek_digits low, size_t lda, const float *x, size_t ldx, size_t m, size_t n)

typedef EK_DECL_SOFTMAX_Q8(ek_softmax_q8_fn);
EK_DECL_SOFTMAX_Q8(ek_softmax_q8_f32_ref);

#endif
