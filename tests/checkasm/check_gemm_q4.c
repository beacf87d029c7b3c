// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/ops/pack/pack.h"

enum { BLOCK_BYTES = 2 + EK_GROUP / 2 }; // of Q4_0 in a file

static void make_group_sums(int32_t *sums, const int8_t *a, size_t lda, size_t m, size_t k) {
    for (size_t i = 0; i < m; i++)
        for (size_t g = 0; g < k / EK_GROUP; g++) {
            int32_t *sum = sums + i * (k / EK_GROUP) + g;
            *sum = 0;
            for (size_t p = 0; p < EK_GROUP; p++)
                *sum += a[i * lda + g * EK_GROUP + p];
        }
}

// Nibbles at random, or all at one limit: with all activations at theirs, that is the largest 16-bit sum.
static void make_nibbles(uint8_t *w, size_t n) {
    const size_t kind = ca_below(4);
    for (size_t i = 0; i < n; i++)
        w[i] = kind == 0 ? 0xFF : kind == 1 ? 0x00 : (uint8_t)ca_random();
}

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s) {
    s.k = ek_round_up(s.k, EK_GROUP);
    const size_t groups = s.k / EK_GROUP, columns = ek_round_up(s.n, EK_TILE);
    const size_t lda = s.k + 3 * ca_below(3), ldo = s.n + 5 * ca_below(3);
    const enum ek_mode mode = ca_flip() ? EK_ADD : EK_STORE;
    const enum ca_values values = ca_any_values();
    const int has_bias = ca_flip();
    const size_t n_digits = 1 + ca_below(2), rows_of_codes = n_digits * s.m;
    ca_case("%zu x %zu x %zu, lda %zu, ldo %zu, %s%s, scales %d, digits %zu", s.m, s.n, s.k, lda, ldo,
            mode == EK_ADD ? "add" : "store", has_bias ? ", bias" : "", values, n_digits);

    const size_t n_out = ca_span(s.m, ldo, s.n), n_a = ca_span(rows_of_codes, lda, s.k);
    int8_t *a = CA_NEW(int8_t, n_a);
    uint8_t *w = CA_NEW(uint8_t, ek_packed_q4_bytes(s.n, s.k));
    int32_t *sums = CA_NEW(int32_t, rows_of_codes * groups);
    float *a_scale = CA_NEW(float, rows_of_codes), *w_scale = CA_NEW(float, groups * columns);
    float *bias = has_bias ? CA_NEW(float, s.n) : NULL;
    float *expected = CA_NEW(float, n_out), *got = CA_NEW(float, n_out);
    ca_codes(a, n_a);
    make_group_sums(sums, a, lda, rows_of_codes, s.k);
    make_nibbles(w, ek_packed_q4_bytes(s.n, s.k));
    ca_floats(a_scale, rows_of_codes, values);
    ca_floats(w_scale, groups * columns, values);
    if (bias)
        ca_floats(bias, s.n, CA_PLAIN);
    ca_floats(expected, n_out, CA_PLAIN);
    memcpy(got, expected, n_out * sizeof *got);
    const ek_q8_rows rows = {.codes = a, .stride = lda, .scale = a_scale, .group_sum = sums};
    ref->gemm_q4(expected, ldo, rows, (ek_q4_weights){w, w_scale}, bias, s.m, s.n, s.k, n_digits, mode);
    level->gemm_q4(got, ldo, rows, (ek_q4_weights){w, w_scale}, bias, s.m, s.n, s.k, n_digits, mode);
    ca_same_floats("out", expected, got, n_out, ldo);
    ca_done();
}

static void check(const ek_table *ref, const ek_table *level) { ca_each_product(check_shape, ref, level); }

// One weight of a row of Q4_0 blocks, without its scale; *scale becomes the block's.
static int weight(const uint8_t *row, size_t p, float *scale) {
    const uint8_t *block = row + p / EK_GROUP * BLOCK_BYTES;
    const size_t in = p % EK_GROUP;
    *scale = ek_half_to_float((uint16_t)(block[0] | block[1] << 8));
    return (in < 16 ? block[2 + in] & 15 : block[2 + in - 16] >> 4) - 8;
}

// From Q4_0 blocks, through packing, to the product; in the kernel's order, so equal to the last bit.
static void check_against_blocks(const ek_table *ref, const ek_table *level, ca_shape s) {
    (void)level;
    s.k = ek_round_up(s.k, EK_GROUP);
    const size_t groups = s.k / EK_GROUP, row_bytes = groups * BLOCK_BYTES;
    ca_case("packed by ek_pack_q4, %zu x %zu x %zu", s.m, s.n, s.k);
    int8_t *a = CA_NEW(int8_t, 2 * s.m * s.k);
    uint8_t *blocks = CA_NEW(uint8_t, s.n * row_bytes), *packed = CA_NEW(uint8_t, ek_packed_q4_bytes(s.n, s.k));
    int32_t *sums = CA_NEW(int32_t, 2 * s.m * groups);
    float *a_scale = CA_NEW(float, 2 * s.m), *w_scale = CA_NEW(float, ek_packed_q4_scales(s.n, s.k));
    float *out = CA_NEW(float, s.m * s.n);
    ca_codes(a, 2 * s.m * s.k);
    make_group_sums(sums, a, s.k, 2 * s.m, s.k);
    make_nibbles(blocks, s.n * row_bytes);
    ca_floats(a_scale, 2 * s.m, CA_PLAIN);
    ek_pack_q4(packed, w_scale, blocks, s.n, s.k);
    ref->gemm_q4(out, s.n, (ek_q8_rows){.codes = a, .stride = s.k, .scale = a_scale, .group_sum = sums},
                 (ek_q4_weights){packed, w_scale}, NULL, s.m, s.n, s.k, 2, EK_STORE);
    for (size_t i = 0; i < s.m * s.n; i++) {
        float acc = 0.0f;
        for (size_t g = 0; g < groups; g++) {
            float scale = 0.0f;
            int dot = 0;
            for (size_t p = g * EK_GROUP; p < (g + 1) * EK_GROUP; p++) {
                const int x = EK_SECOND_DIGIT * a[i / s.n * s.k + p] + a[(s.m + i / s.n) * s.k + p];
                dot += x * weight(blocks + i % s.n * row_bytes, p, &scale);
            }
            acc = fmaf((float)dot, scale, acc);
        }
        const float expected = fmaf(acc, a_scale[s.m + i / s.n], 0.0f);
        ca_same_floats("out", &expected, out + i, 1, 1);
    }
    ca_done();
}

static void accuracy(const ek_table *ref) { ca_each_product(check_against_blocks, ref, ref); }

typedef struct {
    const ek_table *table;
    ca_shape s;
    size_t n_digits;
    float *out, *scale;
    int8_t *a;
    uint8_t *w;
    int32_t *sums;
} operands;

static void run(void *context) {
    const operands *x = context;
    const ca_shape s = x->s;
    x->table->gemm_q4(x->out, s.n, (ek_q8_rows){.codes = x->a, .stride = s.k, .scale = x->scale, .group_sum = x->sums},
                      (ek_q4_weights){x->w, x->scale}, NULL, s.m / x->n_digits, s.n, s.k, x->n_digits, EK_STORE);
}

static void bench(const ek_table *table, size_t max_rows) {
    for (size_t i = 0; i < ca_n_bench_products; i++) {
        const ca_shape s = ca_bench_products[i];
        operands x = {.table = table, .s = {ek_min(s.m, max_rows), s.n, s.k}};
        char shape[32];
        x.out = ca_bench_alloc(s.m * s.n * sizeof *x.out);
        x.scale = ca_bench_alloc((s.m + ek_packed_q4_scales(s.n, s.k)) * sizeof *x.scale);
        x.a = ca_bench_alloc(s.m * s.k);
        x.w = ca_bench_alloc(ek_packed_q4_bytes(s.n, s.k));
        x.sums = ca_bench_alloc(s.m * (s.k / EK_GROUP) * sizeof *x.sums);
        for (x.n_digits = 1; x.n_digits <= ek_min(x.s.m, 2); x.n_digits++) {
            snprintf(shape, sizeof shape, "%zux%zux%zu%s", s.m, s.n, s.k, x.n_digits == 2 ? ",fine" : "");
            ca_bench(shape, CA_GMACS, (double)x.s.m * (double)s.n * (double)s.k, run, &x);
        }
        void *buffers[] = {x.out, x.scale, x.a, x.w, x.sums};
        for (size_t b = 0; b < sizeof buffers / sizeof *buffers; b++)
            free(buffers[b]);
    }
}

const ca_kernel ca_gemm_q4 = {"gemm_q4", offsetof(ek_table, gemm_q4), check, accuracy, bench};
