// SPDX-License-Identifier: Apache-2.0
#include "attention.h"

#include <string.h>

static const float one_over_sqrt_head = 0.125f;

size_t ek_attention_scratch(size_t n_keys) { // scores, and two digits a score
    return EK_ATTENTION_ROWS * ek_round_up(n_keys, EK_ALIGN) * (sizeof(float) + 2);
}

// Queries of a block share one product only if they see the same keys.
static size_t block_rows(const ek_attention_call *call, size_t first) {
    return call->step ? 1 : ek_min(call->n_queries - first, EK_ATTENTION_ROWS);
}

static void scale_queries(float *scaled, const float *q, size_t ldq, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < width; c++)
            scaled[r * EK_HEAD + c] = q[r * ldq + c] * one_over_sqrt_head;
}

void ek_attention_f32(const ek_table *table, ek_attention_call call, ek_attention_f32_operands x) {
    for (size_t i = 0, rows; i < call.n_queries; i += rows) {
        rows = block_rows(&call, i);
        const size_t n_keys = call.n_keys + i * call.step, ld = ek_round_up(n_keys, EK_ALIGN);
        float *scores = call.scratch, scaled[EK_ATTENTION_ROWS * EK_HEAD];
        scale_queries(scaled, x.q + i * x.ldq, x.ldq, rows, call.width);
        table->gemm_f32(scores, ld, scaled, EK_HEAD, x.k, call.width * EK_TILE, EK_TILE, call.bias, rows, n_keys,
                        call.width, EK_STORE);
        table->softmax(scores, ld, rows, n_keys);
        for (size_t r = 0; call.weights && r < rows; r++)
            memcpy(call.weights + (i + r) * call.ldw, scores + r * ld, n_keys * sizeof *scores);
        table->gemm_f32(call.out + i * call.ldo, call.ldo, scores, ld, x.v, EK_TILE, EK_HEAD, NULL, rows, EK_HEAD,
                        n_keys, EK_STORE);
    }
}

void ek_attention_mixed(const ek_table *table, ek_attention_call call, ek_attention_mixed_operands x) {
    for (size_t i = 0, rows; i < call.n_queries; i += rows) {
        rows = block_rows(&call, i);
        const size_t n_keys = call.n_keys + i * call.step, ld = ek_round_up(n_keys, EK_ALIGN);
        float *scores = call.scratch, scaled[EK_ATTENTION_ROWS * EK_HEAD];
        scale_queries(scaled, x.q + i * x.ldq, x.ldq, rows, EK_HEAD);
        table->gemm_mixed(scores, ld, scaled, EK_HEAD, x.k, EK_HEAD * EK_TILE, EK_TILE, x.k_scale, rows, n_keys, EK_HEAD);
        table->softmax(scores, ld, rows, n_keys);
        for (size_t r = 0; r < rows; r++)
            for (size_t j = 0; j < n_keys; j++)
                scores[r * ld + j] *= x.v_scale[j];
        table->gemm_mixed(call.out + i * call.ldo, call.ldo, scores, ld, x.v, EK_TILE, EK_HEAD, NULL, rows, EK_HEAD, n_keys);
    }
}

static float weight_of(ek_q8_rows high, ek_q8_rows low, size_t row, size_t key) {
    const size_t at = row * high.stride + key;
    if (!low.codes)
        return (float)high.codes[at] * high.scale[row];
    return (float)(high.codes[at] * 128 + low.codes[at]) * low.scale[row];
}

void ek_attention_q8(const ek_table *table, ek_attention_call call, ek_attention_q8_operands x) {
    for (size_t i = 0, rows; i < call.n_queries; i += rows) {
        rows = block_rows(&call, i);
        const size_t n_keys = call.n_keys + i * call.step, ld = ek_round_up(n_keys, EK_ALIGN);
        float *scores = call.scratch, q_scale[EK_ATTENTION_ROWS];
        int8_t *digits = (int8_t *)(scores + EK_ATTENTION_ROWS * ld);
        float scales[2][EK_ATTENTION_ROWS];
        int32_t sums[2][EK_ATTENTION_ROWS];
        const ek_q8_rows high = {.codes = digits, .stride = ld, .scale = scales[0], .sum = sums[0]};
        const ek_q8_rows low = {.codes = call.digits == 2 ? digits + EK_ATTENTION_ROWS * ld : NULL,
                                .stride = ld,
                                .scale = scales[1],
                                .sum = sums[1]};

        ek_q8_rows q = ek_q8_rows_from(x.q, i, call.width);
        for (size_t r = 0; r < rows; r++)
            q_scale[r] = q.scale[r] * one_over_sqrt_head;
        q.scale = q_scale;
        table->gemm_q8(scores, ld, q, x.k, call.bias, rows, n_keys, call.width, EK_STORE);
        table->softmax_q8(high, low, scores, ld, rows, n_keys);
        for (size_t r = 0; call.weights && r < rows; r++)
            for (size_t j = 0; j < n_keys; j++)
                call.weights[(i + r) * call.ldw + j] = weight_of(high, low, r, j);
        float *out = call.out + i * call.ldo;
        if (low.codes)
            table->gemm_q8(out, call.ldo, low, x.v, NULL, rows, EK_HEAD, n_keys, EK_STORE);
        table->gemm_q8(out, call.ldo, high, x.v, NULL, rows, EK_HEAD, n_keys, low.codes ? EK_ADD : EK_STORE);
    }
}
