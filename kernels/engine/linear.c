// SPDX-License-Identifier: Apache-2.0
#include "linear.h"

#include <assert.h>

#include "../ops/pack/pack.h"
#include "memory.h"

enum { Q4_0_BLOCK_BYTES = 2 + EK_GROUP / 2 };

size_t ew_operand_bytes(size_t rows, size_t k) {
    return ek_round_up(rows * ek_q8_stride(k), EK_ALIGN) + 3 * ek_round_up(rows * sizeof(float), EK_ALIGN) +
           ek_round_up(rows * ek_div_up(k, EK_GROUP) * sizeof(int32_t), EK_ALIGN);
}

ew_operand ew_operand_in(void *memory, size_t rows, size_t k) {
    char *p = memory;
    ew_operand operand = {.rows = rows, .inputs = k};
    operand.buffers.codes = (int8_t *)p;
    operand.buffers.stride = ek_q8_stride(k);
    p += ek_round_up(rows * ek_q8_stride(k), EK_ALIGN);
    operand.buffers.scale = (float *)(void *)p;
    p += ek_round_up(rows * sizeof(float), EK_ALIGN);
    operand.buffers.middle = (float *)(void *)p;
    p += ek_round_up(rows * sizeof(float), EK_ALIGN);
    operand.buffers.sum = (int32_t *)(void *)p;
    p += ek_round_up(rows * sizeof(float), EK_ALIGN);
    operand.buffers.group_sum = (int32_t *)(void *)p;
    return operand;
}

// The buffers as a linear's product wants them filled.
static ek_q8_rows rows_for(const ew_operand *operand, const ew_linear *linear, int from_middle) {
    ek_q8_rows rows = operand->buffers;
    rows.stride = ek_q8_stride(linear->k);
    if (linear->type != EW_Q4)
        rows.group_sum = NULL;
    if (linear->type != EW_Q8 || !from_middle)
        rows.middle = NULL;
    return rows;
}

void ew_operand_load(const ek_table *table, ew_operand *operand, const float *x, size_t ldx, size_t m,
                     const ew_linear *linear, ew_rounding rounding) {
    assert(m * (rounding == EW_TWO_DIGITS ? 2 : 1) <= operand->rows && linear->k <= operand->inputs);
    operand->x = x;
    operand->ldx = ldx;
    operand->codes = rows_for(operand, linear, rounding == EW_FROM_MIDDLE);
    if (linear->type != EW_F32)
        table->quantize(operand->codes, x, ldx, m, linear->k, rounding == EW_TWO_DIGITS ? 2 : 1);
}

void ew_operand_load_gelu(const ek_table *table, ew_operand *operand, float *x, size_t ldx, size_t m,
                          const ew_linear *linear) {
    assert(m <= operand->rows && linear->k <= operand->inputs);
    operand->x = x;
    operand->ldx = ldx;
    operand->codes = rows_for(operand, linear, 1);
    if (linear->type == EW_F32)
        table->gelu(x, ldx, m, linear->k);
    else
        table->gelu_q8(operand->codes, x, ldx, m, linear->k);
}

// Columns first .. last of W x + bias, to out[0 ..]. INT4 takes rows in one or two digits, INT8 each digit as a row.
static void multiply(const ek_table *table, const ew_linear *linear, const ew_operand *x, float *out, size_t ldo,
                     size_t m, size_t first, size_t last, const float *bias, size_t n_digits, enum ek_mode mode) {
    const size_t k = linear->k, n = last - first;
    const ek_q8_weights q8 = {.tiles = linear->w, .scale = linear->scale, .total = linear->total};
    const ek_q4_weights q4 = {.tiles = linear->w, .scale = linear->scale};
    switch (linear->type) {
    case EW_F32:
        table->gemm_f32(out, ldo, x->x, x->ldx, (const float *)linear->w + first * k, k * EK_TILE, EK_TILE, bias, m,
                        n, k, mode);
        break;
    case EW_Q8:
        table->gemm_q8(out, ldo, x->codes, ek_q8_columns_from(q8, first, k), bias, m, n, k, mode);
        break;
    case EW_Q4:
        table->gemm_q4(out, ldo, x->codes, ek_q4_columns_from(q4, first, k), bias, m, n, k, n_digits, mode);
        break;
    case EW_EMPTY:
        break; // a model with an empty linear is never handed out (ew_model_missing)
    }
}

void ew_linear_columns(const ek_table *table, const ew_linear *linear, const ew_operand *x, float *out, size_t ldo,
                       size_t m, size_t first, size_t last, enum ek_mode mode) {
    multiply(table, linear, x, out, ldo, m, first, last, linear->bias + first, 1, mode);
}

static void add_digits(float *row, const float *coarse, const float *fine, const float *bias, size_t n,
                       enum ek_mode mode) {
    for (size_t j = 0; j < n; j++) {
        const float y = coarse[j] + fine[j] + bias[j];
        row[j] = mode == EK_ADD ? row[j] + y : y;
    }
}

// Rows of results: each in a place of its own, or `ld` floats apart.
typedef struct {
    float *const *rows;
    float *at;
    size_t ld;
} places;

static void columns_to(const ek_table *table, const ew_linear *linear, const ew_operand *x, places out, size_t m,
                       size_t first, size_t last, enum ek_mode mode, float *work, size_t n_work) {
    const int are_apart = linear->type == EW_Q8; // its digits
    const size_t n_products = are_apart ? 2 * m : m;
    const size_t most = n_work / n_products / EK_TILE * EK_TILE; // columns at once
    assert(most > 0 && (are_apart || mode == EK_STORE));
    for (size_t from = first, to; from < last; from = to) {
        to = ek_min(from + most, last);
        const size_t n = to - from;
        const float *bias = linear->bias + from;
        multiply(table, linear, x, work, n, n_products, from, to, are_apart ? NULL : bias, 2, EK_STORE);
        for (size_t i = 0; i < m; i++) {
            float *row = (out.rows ? out.rows[i] : out.at + i * out.ld) + from;
            if (are_apart)
                add_digits(row, work + i * n, work + (m + i) * n, bias, n, mode);
            else
                memcpy(row, work + i * n, n * sizeof *row);
        }
    }
}

void ew_linear_columns_fine(const ek_table *table, const ew_linear *linear, const ew_operand *x, float *out, size_t ldo,
                            size_t m, size_t first, size_t last, enum ek_mode mode, float *work, size_t n_work) {
    if (linear->type == EW_Q8)
        columns_to(table, linear, x, (places){.at = out, .ld = ldo}, m, first, last, mode, work, n_work);
    else
        multiply(table, linear, x, out + first, ldo, m, first, last, linear->bias + first, 2, mode);
}

void ew_linear_columns_apart(const ek_table *table, const ew_linear *linear, const ew_operand *x, float *const *rows,
                             size_t m, size_t first, size_t last, float *work, size_t n_work) {
    columns_to(table, linear, x, (places){.rows = rows}, m, first, last, EK_STORE, work, n_work);
}

void ew_linear_weight_row(const ew_linear *linear, size_t row, float *out) {
    const size_t k = linear->k, tile = row / EK_TILE, lane = row % EK_TILE;
    assert(row < linear->n);
    for (size_t p = 0; p < k; p++) {
        if (linear->type == EW_F32) {
            out[p] = ((const float *)linear->w)[(tile * k + p) * EK_TILE + lane];
        } else if (linear->type == EW_Q8) {
            const size_t quad = tile * ek_div_up(k, EK_QUAD) + p / EK_QUAD;
            const int8_t code = ((const int8_t *)linear->w)[(quad * EK_TILE + lane) * EK_QUAD + p % EK_QUAD];
            out[p] = (float)code * linear->scale[row];
        } else {
            const size_t group = tile * (k / EK_GROUP) + p / EK_GROUP, quad = p % EK_GROUP / EK_QUAD;
            const uint8_t *bytes = (const uint8_t *)linear->w + group * EK_Q4_GROUP_BYTES;
            const uint8_t byte = bytes[(quad % 4 * EK_TILE + lane) * EK_QUAD + p % EK_QUAD];
            out[p] = (float)((quad < 4 ? byte & 15 : byte >> 4) - 8) * linear->scale[group * EK_TILE + lane];
        }
    }
}

// Makes room for weights; without memory the linear stays empty.
static ew_status allocate(ew_linear *linear, ew_type type) {
    const size_t n = linear->n, k = linear->k;
    size_t weight_bytes, scales = 0;
    if (ew_times(ew_times(ek_round_up(n, EK_TILE), ek_round_up(k, EK_QUAD)), sizeof(float)) == SIZE_MAX)
        return EW_NO_MEMORY; // a vocabulary can be larger than 32 bits count; no size below is larger than this one
    if (type == EW_F32) {
        weight_bytes = ek_packed_f32_floats(n, k) * sizeof(float);
    } else if (type == EW_Q8) {
        weight_bytes = ek_packed_q8_bytes(n, k);
        scales = ek_round_up(n, EK_TILE);
    } else {
        weight_bytes = ek_packed_q4_bytes(n, k);
        scales = ek_packed_q4_scales(n, k);
    }
    void *w = ew_alloc_lasting(weight_bytes);
    float *scale = scales ? ew_alloc_lasting(scales * sizeof(float)) : NULL;
    float *total = type == EW_Q8 ? ew_alloc(n * sizeof(float)) : NULL;
    if (!w || (scales && !scale) || (type == EW_Q8 && !total)) {
        ew_free(w);
        ew_free(scale);
        ew_free(total);
        return EW_NO_MEMORY;
    }
    linear->w = w;
    linear->scale = scale;
    linear->total = total;
    linear->type = type;
    return EW_OK;
}

static float total_of(const int8_t *codes, size_t k, float scale) {
    int32_t total = 0;
    for (size_t p = 0; p < k; p++)
        total += codes[p];
    return (float)total * scale;
}

ew_status ew_linear_fill(ew_linear *linear, size_t first, size_t n, ew_type type, const void *w, const float *scale) {
    const size_t k = linear->k;
    assert(first % EK_TILE == 0 && first <= linear->n && n <= linear->n - first);
    assert(type != EW_Q4 || k % EK_GROUP == 0);
    if (linear->type == EW_EMPTY && allocate(linear, type) != EW_OK)
        return EW_NO_MEMORY;
    if (linear->type != type)
        return EW_BAD_TYPE;
    if (type == EW_F32) {
        ek_pack_f32((float *)linear->w + first * k, w, k, n, k);
    } else if (type == EW_Q8) {
        ek_pack_q8((int8_t *)linear->w + first * ek_round_up(k, EK_QUAD), w, k, n, k);
        memcpy(linear->scale + first, scale, n * sizeof *scale);
        for (size_t i = 0; i < n; i++)
            linear->total[first + i] = total_of((const int8_t *)w + i * k, k, scale[i]);
    } else {
        const size_t groups = k / EK_GROUP;
        ek_pack_q4((uint8_t *)linear->w + first * k / 2, linear->scale + first * groups, w, n, k);
    }
    return EW_OK;
}

ew_status ew_linear_shape(ew_linear *linear, size_t n, size_t k, size_t rank) {
    ew_linear made = {.n = n, .k = rank ? rank : k, .bias = ew_alloc(n * sizeof(float))};
    made.down = rank ? ew_alloc(sizeof *made.down) : NULL;
    if (!made.bias || (rank && (!made.down || ew_linear_shape(made.down, rank, k, 0) != EW_OK))) {
        ew_linear_free(&made);
        return EW_NO_MEMORY;
    }
    ew_linear_free(linear);
    *linear = made;
    return EW_OK;
}

ew_status ew_linear_append(ew_linear *linear, size_t n) {
    ew_linear *next = ew_alloc(sizeof *next);
    if (!next || ew_linear_shape(next, n, linear->k, 0) != EW_OK) {
        ew_free(next);
        return EW_NO_MEMORY;
    }
    linear->next = next;
    return EW_OK;
}

void ew_linear_free(ew_linear *linear) {
    if (linear->down)
        ew_linear_free(linear->down);
    ew_free(linear->down);
    if (linear->next)
        ew_linear_free(linear->next);
    ew_free(linear->next);
    ew_free(linear->w);
    ew_free(linear->scale);
    ew_free(linear->total);
    ew_free(linear->bias);
    *linear = (ew_linear){0};
}
