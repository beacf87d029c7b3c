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
    struct ew_linear *next; // the rows after these, in a type of their own; NULL: there are none
} ew_linear;

// Rows for a linear to multiply: floats as they are, or codes made from them. The buffers belong to the caller.
typedef struct {
    const float *x;
    size_t ldx;
    ek_q8_rows codes;    // the rows that were loaded, for integer types; they lie in the buffers
    ek_q8_rows buffers;  // in one piece of memory, which begins with those of the codes
    size_t rows, inputs; // what they have room for
} ew_operand;

// How rows become codes (quantize.h): in one digit; in two, where the codes of m rows are followed by those of what
// rounding left of them, exact to 15 bits; or in one digit from the middle of each row's range (EW_Q8 only; others take
// one digit).
typedef enum { EW_ONE_DIGIT, EW_TWO_DIGITS, EW_FROM_MIDDLE } ew_rounding;

size_t ew_operand_bytes(size_t rows, size_t k);
// Lays out an operand for up to `rows` rows of up to `k` inputs in `memory`.
ew_operand ew_operand_in(void *memory, size_t rows, size_t k);
// Points the operand at m rows of x and, for integer types, quantizes them. It has room for m rows, or for 2 m in two
// digits.
void ew_operand_load(const ek_table *table, ew_operand *operand, const float *x, size_t ldx, size_t m,
                     const ew_linear *linear, ew_rounding rounding);
// The same for GELU(x), from the middle where the type takes one; x is left in an undefined state.
void ew_operand_load_gelu(const ek_table *table, ew_operand *operand, float *x, size_t ldx, size_t m,
                          const ew_linear *linear);

// Computes columns first .. last of m rows; out points at column `first`, a multiple of 16.
void ew_linear_columns(const ek_table *table, const ew_linear *linear, const ew_operand *x, float *out, size_t ldo,
                       size_t m, size_t first, size_t last, enum ek_mode mode);
static inline void ew_linear_rows(const ek_table *table, const ew_linear *linear, const ew_operand *x, float *out,
                                  size_t ldo, size_t m, enum ek_mode mode) {
    ew_linear_columns(table, linear, x, out, ldo, m, 0, linear->n, mode);
}

// The same for an operand in two digits, but out points at column 0. For few rows, whose time goes into reading
// weights, the second digit costs little: weights are read once. work: n_work >= 32 m floats.
void ew_linear_columns_fine(const ek_table *table, const ew_linear *linear, const ew_operand *x, float *out, size_t ldo,
                            size_t m, size_t first, size_t last, enum ek_mode mode, float *work, size_t n_work);
// The same where each row goes to a place of its own: rows[i] is column 0 of row i.
void ew_linear_columns_apart(const ek_table *table, const ew_linear *linear, const ew_operand *x, float *const *rows,
                             size_t m, size_t first, size_t last, float *work, size_t n_work);

// Writes row `row` of W as floats (an embedding, looked up in the output projection).
void ew_linear_weight_row(const ew_linear *linear, size_t row, float *out);

// Makes room for a bias and, with a rank, for the first factor, and empties what was there. EW_OK or EW_NO_MEMORY.
ew_status ew_linear_shape(ew_linear *linear, size_t n, size_t k, size_t rank);

// Makes room for n more rows after those of `linear`, which has no `next` yet. EW_OK or EW_NO_MEMORY.
ew_status ew_linear_append(ew_linear *linear, size_t n);

// Copies rows first .. first + n of the weights (row-major: floats, codes, or Q4_0 blocks; scale: a float a row,
// q8 only) into the tiles. `first` is a multiple of 16. EW_OK; EW_NO_MEMORY; EW_BAD_TYPE where an earlier part had
// another type.
ew_status ew_linear_fill(ew_linear *linear, size_t first, size_t n, ew_type type, const void *w, const float *scale);
void ew_linear_free(ew_linear *linear);

#endif
