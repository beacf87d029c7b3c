// SPDX-License-Identifier: Apache-2.0
// The product of floats by codes, and attention to keys and values that are codes.
#include "checkasm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/ops/attention/attention.h"

static int8_t *new_codes(size_t n) {
    int8_t *codes = CA_NEW(int8_t, n);
    for (size_t i = 0; i < n; i++)
        codes[i] = (int8_t)((int)ca_below(255) - 127);
    return codes;
}

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s) {
    const int by_row = ca_flip(), has_scale = ca_flip(); // attention's values, or its keys
    const size_t lda = s.k + 3 * ca_below(3), ldo = s.n + 5 * ca_below(3), columns = ek_round_up(s.n, EK_TILE);
    const size_t tile_stride = by_row ? EK_TILE : EK_TILE * s.k, row_stride = by_row ? columns : EK_TILE;
    const enum ca_values values = ca_any_values();
    ca_case("%zu x %zu x %zu, lda %zu, ldo %zu, %s%s, values %d", s.m, s.n, s.k, lda, ldo,
            by_row ? "codes by rows" : "codes by tiles", has_scale ? ", scales" : "", values);
    const size_t n_out = ca_span(s.m, ldo, s.n), n_a = s.k ? ca_span(s.m, lda, s.k) : 0;
    float *a = CA_NEW(float, n_a), *scale = has_scale ? CA_NEW(float, s.n) : NULL;
    float *expected = CA_NEW(float, n_out), *got = CA_NEW(float, n_out);
    const int8_t *w = new_codes(columns * s.k);
    ca_floats(a, n_a, values);
    if (scale)
        ca_floats(scale, s.n, CA_PLAIN);
    ca_floats(expected, n_out, CA_PLAIN);
    memcpy(got, expected, n_out * sizeof *got);
    ref->gemm_mixed(expected, ldo, a, lda, w, tile_stride, row_stride, scale, s.m, s.n, s.k);
    level->gemm_mixed(got, ldo, a, lda, w, tile_stride, row_stride, scale, s.m, s.n, s.k);
    ca_same_floats("out", expected, got, n_out, ldo);
    ca_done();
}

static void check(const ek_table *ref, const ek_table *level) { ca_each_product(check_shape, ref, level); }

// A column in double precision.
static void accuracy(const ek_table *ref) {
    enum { N = 20, K = 100 };
    ca_case("accuracy");
    float *a = CA_NEW(float, K), *scale = CA_NEW(float, N), *out = CA_NEW(float, N);
    const int8_t *w = new_codes(2 * EK_TILE * K);
    ca_floats(a, K, CA_PLAIN);
    ca_floats(scale, N, CA_PLAIN);
    ref->gemm_mixed(out, N, a, K, w, EK_TILE * K, EK_TILE, scale, 1, N, K);
    for (size_t j = 0; j < N; j++) {
        double sum = 0.0, most = 0.0;
        for (size_t p = 0; p < K; p++) {
            const double term = (double)a[p] * w[(j / EK_TILE * K + p) * EK_TILE + j % EK_TILE];
            sum += term;
            most += fabs(term);
        }
        ca_near("out", sum * (double)scale[j], (double)out[j], 1e-5 * most * fabs((double)scale[j]), j);
    }
    ca_done();
}

typedef struct {
    size_t n_queries, n_keys, step, ldq;
    ek_attention_mixed_operands x;
} problem;

static problem make_problem(size_t n_queries, size_t n_keys, size_t step) {
    problem p = {n_queries, n_keys, step, EK_HEAD + 64 * ca_below(3), {0}};
    const size_t most = n_keys + step * (n_queries ? n_queries - 1 : 0);
    float *q = CA_NEW(float, ca_span(n_queries, p.ldq, EK_HEAD));
    float *k_scale = CA_NEW(float, most), *v_scale = CA_NEW(float, most);
    ca_floats(q, ca_span(n_queries, p.ldq, EK_HEAD), CA_PLAIN);
    for (size_t j = 0; j < most; j++) {
        k_scale[j] = (float)(1 + ca_below(40)) / 1000.0f;
        v_scale[j] = (float)(1 + ca_below(40)) / 1000.0f;
    }
    p.x = (ek_attention_mixed_operands){.q = q, .ldq = p.ldq, .k = new_codes(ek_round_up(most, EK_TILE) * EK_HEAD),
                                        .v = new_codes(most * EK_HEAD), .k_scale = k_scale, .v_scale = v_scale};
    return p;
}

static float *attend(const problem *p, const ek_table *table) {
    float *out = CA_NEW(float, p->n_queries * EK_HEAD);
    void *scratch = CA_NEW(char, ek_attention_scratch(p->n_keys + p->step * p->n_queries));
    ek_attention_mixed(table,
                       (ek_attention_call){.out = out, .ldo = EK_HEAD, .width = EK_HEAD, .n_queries = p->n_queries,
                                           .n_keys = p->n_keys, .step = p->step, .scratch = scratch},
                       p->x);
    return out;
}

static void check_query(const problem *p, const float *out, size_t query) {
    double weights[2048], sum = 0.0, largest = -INFINITY;
    const size_t n = p->n_keys + query * p->step;
    for (size_t j = 0; j < n; j++) {
        double dot = 0.0;
        for (size_t c = 0; c < EK_HEAD; c++)
            dot += (double)p->x.q[query * p->ldq + c] * p->x.k[(j / EK_TILE * EK_HEAD + c) * EK_TILE + j % EK_TILE];
        weights[j] = dot * (double)p->x.k_scale[j] / 8.0;
        largest = fmax(largest, weights[j]);
    }
    for (size_t j = 0; j < n; j++)
        sum += weights[j] = exp(weights[j] - largest);
    for (size_t c = 0; c < EK_HEAD; c++) {
        double exact = 0.0;
        for (size_t j = 0; j < n; j++)
            exact += weights[j] / sum * (double)p->x.v_scale[j] * p->x.v[j * EK_HEAD + c];
        ca_near("out", exact, (double)out[query * EK_HEAD + c], 2e-5 * 127 * 0.04, c);
    }
}

static void check_attention(const ek_table *ref, const ek_table *level) {
    static const size_t queries[] = {0, 1, 3, 12, 25}, keys[] = {1, 3, 15, 16, 17, 33, 64, 100, 448};
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        for (size_t j = 0; j < sizeof keys / sizeof *keys; j++)
            for (size_t step = 0; step <= 1; step++) {
                ca_case("%zu queries, %zu keys, step %zu", queries[i], keys[j], step);
                const problem p = make_problem(queries[i], keys[j], step);
                const float *expected = attend(&p, ref);
                if (level != ref)
                    ca_same_floats("out", expected, attend(&p, level), queries[i] * EK_HEAD, EK_HEAD);
                for (size_t query = 0; level == ref && query < queries[i]; query++)
                    check_query(&p, expected, query);
                ca_done();
            }
}

typedef struct {
    const ek_table *table;
    ek_attention_call call;
    ek_attention_mixed_operands x;
} operands;

static void run(void *context) {
    const operands *o = context;
    ek_attention_mixed(o->table, o->call, o->x);
}

// A token of a model with three queries a key, in the middle of a text.
static void bench(const ek_table *table, size_t max_rows) {
    enum { KEYS = 1024 };
    const size_t m = ek_min(3, max_rows);
    void *q = ca_bench_alloc(m * EK_HEAD * sizeof(float)), *codes = ca_bench_alloc(KEYS * EK_HEAD);
    void *scale = ca_bench_alloc(KEYS * sizeof(float));
    operands o = {.table = table, .x = {q, EK_HEAD, codes, codes, scale, scale}};
    o.call = (ek_attention_call){.out = ca_bench_alloc(m * EK_HEAD * sizeof(float)), .ldo = EK_HEAD, .width = EK_HEAD,
                                 .n_queries = m, .n_keys = KEYS, .scratch = ca_bench_alloc(ek_attention_scratch(KEYS))};
    ca_bench("3 by 1024", CA_GMACS, 2.0 * (double)m * KEYS * EK_HEAD, run, &o);
    void *buffers[] = {q, codes, scale, o.call.out, o.call.scratch};
    for (size_t b = 0; b < sizeof buffers / sizeof *buffers; b++)
        free(buffers[b]);
}

const ca_kernel ca_gemm_mixed = {"gemm_mixed", offsetof(ek_table, gemm_mixed), check, accuracy, bench};
const ca_kernel ca_attention_mixed = {"attention_mixed", (size_t)CA_NO_SLOT, check_attention, NULL, bench};
