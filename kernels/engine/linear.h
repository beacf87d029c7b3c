// SPDX-License-Identifier: Apache-2.0
// One linear map in any precision: y = x W^T + b, or in two factors y = (x D^T) W^T + b with fewer columns in between.
// The only place that knows which product serves which type.
#ifndef EW_LINEAR_H
#define EW_LINEAR_H

#include "../dispatch/table.h"
#include "status.h"

typedef enum { EW_EMPTY, EW_F32, EW_Q8, EW_Q4 } ew_type;

typedef struct ew_linear {
    ew_type type;
    size_t n, k;    // outputs, inputs: of the second factor where there are two
    void *w;        // packed tiles of its type
    float *scale;   // q8: [round_up(n, 16)]; q4: [n / 16][k / 32][16]; f32: none
    float *total;   // q8: [n], the sum of each output's weights
    float *bias;    // [n]; zero where the model has none
    struct ew_linear *down; // the first factor, of k outputs; NULL: there is only one
    struct ew_linear *next; // the rows behind these, in a type of their own; NULL: there are none
} ew_linear;

// Rows on their way into a linear: floats as they are, or codes made from them. Buffers belong to the caller.
typedef struct {
    const float *x;
    size_t ldx;
    ek_q8_rows codes;    // what was loaded into the buffers, for integer types
    ek_q8_rows buffers;  // all of them, the codes first
    size_t rows, inputs; // what they have room for
} ew_operand;

// How rows become codes (quantize.h): in one digit; in two, the codes of m rows and below them the codes of what their
// rounding left, exact to 15 bits; in one from the middle of each row's range (EW_Q8 alone, others take one digit).
typedef enum { EW_ONE_DIGIT, EW_TWO_DIGITS, EW_FROM_MIDDLE } ew_rounding;

size_t ew_operand_bytes(size_t rows, size_t k);
// Lays out an operand for up to `rows` rows of up to `k` inputs in `memory`.
ew_operand ew_operand_in(void *memory, size_t rows, size_t k);
// Points the operand at m rows of x and, for integer types, quantizes them. operand: room for m rows, or 2 m in two
// digits.
void ew_operand_load(const ek_table *table, ew_operand *operand, const float *x, size_t ldx, size_t m,
                     const ew_linear *linear, ew_rounding rounding);
// The same of GELU(x), from the middle where the type knows it; x is left in an undefined state.
void ew_operand_load_gelu(const ek_table *table, ew_operand *operand, float *x, size_t ldx, size_t m,
                          const ew_linear *linear);

// Columns first .. last of m rows to out, whose first column is `first`: a multiple of 16.
void ew_linear_columns(const ek_table *table, const ew_linear *linear, const ew_operand *x, float *out, size_t ldo,
                       size_t m, size_t first, size_t last, enum ek_mode mode);
static inline void ew_linear_rows(const ek_table *table, const ew_linear *linear, const ew_operand *x, float *out,
                                  size_t ldo, size_t m, enum ek_mode mode) {
    ew_linear_columns(table, linear, x, out, ldo, m, 0, linear->n, mode);
}

// The same of an operand in two digits, but out's first column is 0. For few rows, whose time goes into reading
// weights, the second digit costs little: weights are read once. work: n_work >= 32 m floats.
void ew_linear_columns_fine(const ek_table *table, const ew_linear *linear, const ew_operand *x, float *out, size_t ldo,
                            size_t m, size_t first, size_t last, enum ek_mode mode, float *work, size_t n_work);

// Row `row` of W as floats (an embedding look-up in the output projection).
void ew_linear_weight_row(const ew_linear *linear, size_t row, float *out);

// Makes room for a bias and, with a rank, for the first factor, and empties what was there. EW_OK or EW_NO_MEMORY.
ew_status ew_linear_shape(ew_linear *linear, size_t n, size_t k, size_t rank);

// Makes room for n more rows behind those of `linear`, which has none behind it. EW_OK or EW_NO_MEMORY.
ew_status ew_linear_append(ew_linear *linear, size_t n);

// Copies rows first .. first + n of the weights (row-major: floats, codes, or Q4_0 blocks; scale: a float a row,
// q8 only) into the tiles. `first` is a multiple of 16. EW_OK; EW_NO_MEMORY; EW_BAD_TYPE where an earlier part had
// another type.
ew_status ew_linear_fill(ew_linear *linear, size_t first, size_t n, ew_type type, const void *w, const float *scale);
void ew_linear_free(ew_linear *linear);

#endif
