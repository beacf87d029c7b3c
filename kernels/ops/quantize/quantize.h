// SPDX-License-Identifier: Apache-2.0
// Rows of floats to INT8, one scale a row: what integer products take as their left operand.
//
//   reach = max|x[i]|                 codes[i][p] = round_half_even(x[i][p] * (127 / reach)), in [-127, 127]
//   scale[i] = reach / 127
//
// An all-zero row has scale 0 and codes 0. A NaN becomes code -127 (it must not be undefined behaviour).
//
// rows      written: group sums and middles where their arrays are not NULL. stride >= ek_q8_stride(k); bytes
//           k .. ek_q8_stride(k) of each row become 0.
// x         m rows of k floats, ldx apart; they may overlap (convolution as a product).
// n_digits  1, or 2: then the second digits are written too. Together they are exact to 15 bits:
//             codes[m + i][p] = round_half_even((x[i][p] * (127 / reach) - codes[i][p]) * 254)
//             scale[m + i] = scale[i] / 254
//
// With middles, codes are steps from the middle of the row's range, twice as many for rows that are nearly all of one
// sign (GELU's). The middle is a whole number of steps, so that 0 stays 0: most of such a row is 0, and would otherwise
// be off by the same amount everywhere. Of two digits, both belong to the one middle, which rows 0 .. m have.
//   high = max(x[i], 0), low = min(x[i], 0), NaN ignored   centre = (high + low) / 2
//   reach = high - centre                                  scale[i] = reach / 126.5
//   zero = round_half_even(centre * (126.5 / reach)), in [-127, 127]
//   middle[i] = zero * scale[i]
//   codes[i][p] = round_half_even(fma(x[i][p], 126.5 / reach, -zero)), in [-127, 127]
//
// edge/quant.py: quantize_rows_int8 is the same in numpy, bit for bit.
#ifndef EK_QUANTIZE_H
#define EK_QUANTIZE_H

#include "../../common/attributes.h"
#include "../../common/rows.h"

// Codes that a row reaches from its middle: half a code is left to the middle's own rounding.
#define EK_MIDDLE_REACH 126.5f

#define EK_DECL_QUANTIZE(name) \
    void name(ek_q8_rows rows, const float *x, size_t ldx, size_t m, size_t k, size_t n_digits)

typedef EK_DECL_QUANTIZE(ek_quantize_fn);
EK_DECL_QUANTIZE(ek_quantize_q8_f32_ref);

#endif
