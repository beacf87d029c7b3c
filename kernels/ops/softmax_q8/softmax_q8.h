// SPDX-License-Identifier: Apache-2.0
// Softmax of m rows whose result is base-128 digits, ready to multiply INT8 values. Two a weight:
//
//   e[j] = exp(x[j] - max), p[j] = round_half_even(e[j] * 16256), high[j] = p[j] >> 7, low[j] = p[j] & 127
//   low_scale = 1 / sum(p), high_scale = 128 / sum(p)      so that weight[j] = high_scale * high + low_scale * low
//
// or one, where low.codes is NULL, of weights made in 16-bit integers (ek_weight_below, mathf.h: a relative error of
// 4e-4), whose low digit is handed on to the weight 32 keys further (error diffusion). S is EK_WEIGHT_STEPS:
//
//   p[j] = ek_weight_below(round_half_even(fma(x[j], -S, max * S))), from 0 to 32767 steps below the largest
//   v = p[j] + carry[j % 32], high[j] = v >> 7, carry[j % 32] = v & 127      carries begin at EK_FIRST_CARRY
//   high_scale = 1 / sum(high)
//
// Dividing by the sum of the rounded weights keeps them a distribution. A 7-bit digit without its carry would lose the
// tail of a wide distribution, everything under 1/254 of the largest weight; with it the tail keeps its sum, and
// first carries that differ keep lanes from counting up together. A NaN weighs nothing.
//
// high, low  written: digits as codes, with their scales and sums; group sums and middles are left alone.
//            stride >= ek_q8_stride(n); digits n .. ek_q8_stride(n) of each row become 0.
// x          m rows of n > 0 floats, ldx apart.
#ifndef EK_SOFTMAX_Q8_H
#define EK_SOFTMAX_Q8_H

#include "../../common/attributes.h"
#include "../../common/rows.h"

#define EK_DECL_SOFTMAX_Q8(name) \
    void name(ek_q8_rows high, ek_q8_rows low, const float *x, size_t ldx, size_t m, size_t n)

enum { EK_CARRIES = 2 * EK_TILE };

// Evenly over a step, bits of the lane's number in reverse, so that neighbours are far apart.
#define EK_FIRST_CARRY {2, 66, 34, 98, 18, 82, 50, 114, 10, 74, 42, 106, 26, 90, 58, 122, \
                        6, 70, 38, 102, 22, 86, 54, 118, 14, 78, 46, 110, 30, 94, 62, 126}

typedef EK_DECL_SOFTMAX_Q8(ek_softmax_q8_fn);
EK_DECL_SOFTMAX_Q8(ek_softmax_q8_f32_ref);

#endif
