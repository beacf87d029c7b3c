// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/ops/pack/pack.h"

// Rows of k codes, zero up to a whole quad, and the sum of each.
static void make_rows(int8_t *a, int32_t *sum, size_t lda, size_t m, size_t k) {
    ca_codes(a, ca_span(m, lda, ek_round_up(k, EK_QUAD)));
    for (size_t i = 0; i < m; i++) {
        memset(a + i * lda + k, 0, ek_round_up(k, EK_QUAD) - k);
        sum[i] = 0;
        for (size_t p = 0; p < k; p++)
            sum[i] += a[i * lda + p];
    }
}

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s) {
    const size_t k = ek_round_up(s.k, EK_QUAD), columns = ek_round_up(s.n, EK_TILE);
    const size_t lda = k + 3 * ca_below(3), ldo = s.n + 5 * ca_below(3);
    const enum ek_mode mode = ca_flip() ? EK_ADD : EK_STORE;
    const enum ca_values values = ca_any_values();
    const int has_bias = ca_flip(), has_middle = ca_flip();
    ca_case("%zu x %zu x %zu, lda %zu, ldo %zu, %s%s%s, scales %d", s.m, s.n, s.k, lda, ldo,
            mode == EK_ADD ? "add" : "store", has_bias ? ", bias" : "", has_middle ? ", middles" : "", values);

    const size_t n_out = ca_span(s.m, ldo, s.n);
    int8_t *a = CA_NEW(int8_t, ca_span(s.m, lda, k)), *w = CA_NEW(int8_t, columns * k);
    int32_t *a_sum = CA_NEW(int32_t, s.m);
    float *a_scale = CA_NEW(float, s.m), *w_scale = CA_NEW(float, columns);
    float *bias = has_bias ? CA_NEW(float, s.n) : NULL;
    float *middle = has_middle ? CA_NEW(float, s.m) : NULL, *total = has_middle ? CA_NEW(float, s.n) : NULL;
    float *expected = CA_NEW(float, n_out), *got = CA_NEW(float, n_out);
    make_rows(a, a_sum, lda, s.m, s.k);
    ca_codes(w, columns * k);
    ca_floats(a_scale, s.m, values);
    ca_floats(w_scale, columns, values);
    if (bias)
        ca_floats(bias, s.n, CA_PLAIN);
    if (has_middle) {
        ca_floats(middle, s.m, CA_PLAIN);
        ca_floats(total, s.n, CA_PLAIN);
    }
    ca_floats(expected, n_out, CA_PLAIN);
    memcpy(got, expected, n_out * sizeof *got);
    const ek_q8_rows rows = {.codes = a, .stride = lda, .scale = a_scale, .sum = a_sum, .middle = middle};
    const ek_q8_weights weights = {w, w_scale, total};
    ref->gemm_q8(expected, ldo, rows, weights, bias, s.m, s.n, s.k, mode);
    level->gemm_q8(got, ldo, rows, weights, bias, s.m, s.n, s.k, mode);
    ca_same_floats("out", expected, got, n_out, ldo);
    ca_done();
}

// The longest rows that the contract allows, at the limits of their type: the largest sums.
static void check_longest(const ek_table *ref, const ek_table *level, int8_t of_a, int8_t of_w) {
    const size_t k = EK_Q8_MOST_INPUTS;
    ca_case("1 x 1 x %zu, all %d by all %d", k, of_a, of_w);
    int8_t *a = CA_NEW(int8_t, k), *w = CA_NEW(int8_t, EK_TILE * k);
    float *w_scale = CA_NEW(float, EK_TILE), *expected = CA_NEW(float, 1), *got = CA_NEW(float, 1);
    int32_t a_sum = (int32_t)k * of_a;
    float a_scale = 1.0f;
    const ek_q8_rows rows = {.codes = a, .stride = k, .scale = &a_scale, .sum = &a_sum};
    const ek_q8_weights weights = {.tiles = w, .scale = w_scale};
    memset(a, of_a, k);
    memset(w, of_w, EK_TILE * k);
    for (size_t j = 0; j < EK_TILE; j++)
        w_scale[j] = 1.0f;
    ref->gemm_q8(expected, 1, rows, weights, NULL, 1, 1, k, EK_STORE);
    level->gemm_q8(got, 1, rows, weights, NULL, 1, 1, k, EK_STORE);
    ca_near("sum", (double)of_a * (double)of_w * (double)k, (double)expected[0], 128.0, 0); // as a float
    ca_same_floats("out", expected, got, 1, 1);
    ca_done();
}

static void check(const ek_table *ref, const ek_table *level) {
    ca_each_product(check_shape, ref, level);
    for (int i = 0; i < 4; i++)
        check_longest(ref, level, i & 1 ? 127 : -127, i & 2 ? 127 : -127);
}

// From weights as a file holds them, through packing, to the product.
static void check_against_rows(const ek_table *ref, const ek_table *level, ca_shape s) {
    (void)level;
    const size_t lda = ek_round_up(s.k, EK_QUAD), ldw = s.k + ca_below(3);
    ca_case("packed by ek_pack_q8, %zu x %zu x %zu", s.m, s.n, s.k);
    int8_t *a = CA_NEW(int8_t, s.m * lda), *w = CA_NEW(int8_t, ca_span(s.n, ldw, s.k));
    int8_t *packed = CA_NEW(int8_t, ek_packed_q8_bytes(s.n, s.k));
    int32_t *a_sum = CA_NEW(int32_t, s.m);
    float *a_scale = CA_NEW(float, s.m), *w_scale = CA_NEW(float, ek_round_up(s.n, EK_TILE));
    float *out = CA_NEW(float, s.m * s.n);
    make_rows(a, a_sum, lda, s.m, s.k);
    ca_codes(w, ca_span(s.n, ldw, s.k));
    ca_floats(a_scale, s.m, CA_PLAIN);
    ca_floats(w_scale, ek_round_up(s.n, EK_TILE), CA_PLAIN);
    ek_pack_q8(packed, w, ldw, s.n, s.k);
    ref->gemm_q8(out, s.n, (ek_q8_rows){.codes = a, .stride = lda, .scale = a_scale, .sum = a_sum},
                 (ek_q8_weights){.tiles = packed, .scale = w_scale}, NULL, s.m, s.n, s.k, EK_STORE);
    for (size_t i = 0; i < s.m * s.n; i++) {
        const size_t row = i / s.n, column = i % s.n;
        int64_t dot = 0;
        for (size_t p = 0; p < s.k; p++)
            dot += a[row * lda + p] * w[column * ldw + p];
        const float expected = fmaf((float)dot, a_scale[row] * w_scale[column], 0.0f);
        ca_same_floats("out", &expected, out + i, 1, 1);
    }
    ca_done();
}

static void accuracy(const ek_table *ref) { ca_each_product(check_against_rows, ref, ref); }

typedef struct {
    const ek_table *table;
    ca_shape s;
    float *out, *scale;
    int8_t *a, *w;
    int32_t *a_sum;
} operands;

static void run(void *context) {
    const operands *x = context;
    const ca_shape s = x->s;
    x->table->gemm_q8(x->out, s.n, (ek_q8_rows){.codes = x->a, .stride = s.k, .scale = x->scale, .sum = x->a_sum},
                      (ek_q8_weights){.tiles = x->w, .scale = x->scale}, NULL, s.m, s.n, s.k, EK_STORE);
}

static void bench(const ek_table *table, size_t max_rows) {
    for (size_t i = 0; i < ca_n_bench_products; i++) {
        const ca_shape s = ca_bench_products[i];
        operands x = {.table = table, .s = {ek_min(s.m, max_rows), s.n, s.k}};
        char shape[32];
        x.out = ca_bench_alloc(s.m * s.n * sizeof *x.out);
        x.scale = ca_bench_alloc((s.m + s.n + EK_TILE) * sizeof *x.scale);
        x.a = ca_bench_alloc(s.m * s.k);
        x.w = ca_bench_alloc(ek_packed_q8_bytes(s.n, s.k));
        x.a_sum = ca_bench_alloc(s.m * sizeof *x.a_sum);
        snprintf(shape, sizeof shape, "%zux%zux%zu", s.m, s.n, s.k);
        ca_bench(shape, CA_GMACS, (double)x.s.m * (double)s.n * (double)s.k, run, &x);
        void *buffers[] = {x.out, x.scale, x.a, x.w, x.a_sum};
        for (size_t b = 0; b < sizeof buffers / sizeof *buffers; b++)
            free(buffers[b]);
    }
}

const ca_kernel ca_gemm_q8 = {"gemm_q8", offsetof(ek_table, gemm_q8), check, accuracy, bench};
