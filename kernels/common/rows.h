// SPDX-License-Identifier: Apache-2.0
// Rows of INT8 codes and what they stand for. quantize, gelu_q8 and softmax_q8 write them; gemm_q8 and gemm_q4 read
// them.
//
//   value p of row i = middle[i] + scale[i] * codes[i * stride + p]
//
// codes      in [-127, 127]. Each kernel says what follows the last code of a row.
// stride     bytes from one row to the next.
// scale      one a row.
// sum        one a row: the sum of its codes.
// group_sum  ek_div_up(k, 32) a row of k codes: the sums of its groups of 32 codes; or NULL.
// middle     one a row; or NULL, which stands for 0.
//
// In two digits, rows m .. 2 m of the codes, with their scale, sum and group_sum, are the second digits of rows 0 .. m:
// what rounding left of them (quantize.h). A first digit is EK_SECOND_DIGIT steps of a second one.
//
// Each kernel says which of the arrays it writes or reads, and how many codes a row has (k).
#ifndef EK_ROWS_H
#define EK_ROWS_H

#include "attributes.h"

typedef struct {
    int8_t *codes;
    size_t stride;
    float *scale;
    int32_t *sum, *group_sum;
    float *middle;
} ek_q8_rows;

// Half of these steps either way are codes within 127.
enum { EK_SECOND_DIGIT = 254 };

// The least stride of rows of k codes that a kernel writes: it fills whole cache lines.
EK_INLINE size_t ek_q8_stride(size_t k) { return ek_round_up(k, 64); }

// The rows from `first` on. k: codes of a row.
EK_INLINE ek_q8_rows ek_q8_rows_from(ek_q8_rows rows, size_t first, size_t k) {
    return (ek_q8_rows){.codes = rows.codes + first * rows.stride,
                        .stride = rows.stride,
                        .scale = rows.scale + first,
                        .sum = rows.sum ? rows.sum + first : NULL,
                        .group_sum = rows.group_sum ? rows.group_sum + first * ek_div_up(k, EK_GROUP) : NULL,
                        .middle = rows.middle ? rows.middle + first : NULL};
}

#endif
