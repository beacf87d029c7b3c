// SPDX-License-Identifier: Apache-2.0
// Attention is built on other kernels: with a level's table it must give the bits that it gives with the
// reference's, and the reference must agree with the formula in double precision.
#include "checkasm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/ops/attention/attention.h"
#include "../../kernels/ops/pack/pack.h"

typedef struct {
    size_t width, n_queries, n_keys, step; // as in ek_attention_call
    int is_q8, has_weights;
    size_t digits; // q8: of a weight
    size_t most_keys, ldo, ldw, ldq;
    const float *q, *k, *v; // plain rows, q ldq apart, the others 64
    const float *bias;
    ek_attention_f32_operands f32;
    ek_attention_q8_operands q8;
} problem;

static float *new_rows(size_t m, size_t ld) {
    float *x = CA_NEW(float, ca_span(m, ld, EK_HEAD));
    ca_floats(x, ca_span(m, ld, EK_HEAD), CA_PLAIN);
    return x;
}

// Some keys stand for many.
static const float *new_bias(size_t n_keys) {
    float *bias = CA_NEW(float, n_keys);
    for (size_t j = 0; j < n_keys; j++)
        bias[j] = ca_flip() ? logf((float)(1 + ca_below(1500))) : 0.0f;
    return bias;
}

static void make_f32(problem *p) {
    float *k = CA_NEW(float, ek_packed_f32_floats(p->most_keys, p->width));
    ek_pack_f32(k, p->k, EK_HEAD, p->most_keys, p->width);
    p->f32 = (ek_attention_f32_operands){p->q, p->ldq, k, p->v};
}

static void make_q8(problem *p, const ek_table *ref) {
    const size_t n = p->most_keys, scales = ek_round_up(n, EK_TILE);
    int8_t *q = CA_NEW(int8_t, p->n_queries * EK_HEAD), *rows = CA_NEW(int8_t, n * EK_HEAD);
    int8_t *k = CA_NEW(int8_t, ek_packed_q8_bytes(n, p->width)), *v = CA_NEW(int8_t, ek_packed_q8_bytes(EK_HEAD, n));
    float *q_scale = CA_NEW(float, p->n_queries), *k_scale = CA_NEW(float, scales), *v_scale = CA_NEW(float, EK_HEAD);
    int32_t *q_sum = CA_NEW(int32_t, p->n_queries), *k_sum = CA_NEW(int32_t, n);
    const ek_q8_rows queries = {.codes = q, .stride = EK_HEAD, .scale = q_scale, .sum = q_sum};
    const ek_q8_rows keys = {.codes = rows, .stride = EK_HEAD, .scale = k_scale, .sum = k_sum};
    ref->quantize(queries, p->q, p->ldq, p->n_queries, p->width, 1);
    ref->quantize(keys, p->k, EK_HEAD, n, p->width, 1);
    ek_pack_q8(k, rows, EK_HEAD, n, p->width);
    ref->quantize_columns(v, v_scale, p->v, EK_HEAD, n, EK_HEAD);
    p->q8 = (ek_attention_q8_operands){queries, {.tiles = k, .scale = k_scale}, {.tiles = v, .scale = v_scale}};
}

typedef struct {
    float *out, *weights;
    size_t n_out, n_weights;
} result;

static result attend(const problem *p, const ek_table *table) {
    result r = {.n_out = ca_span(p->n_queries, p->ldo, EK_HEAD)};
    r.n_weights = p->has_weights ? ca_span(p->n_queries, p->ldw, p->most_keys) : 0;
    r.out = CA_NEW(float, r.n_out);
    r.weights = p->has_weights ? CA_NEW(float, r.n_weights) : NULL;
    void *scratch = CA_NEW(char, ek_attention_scratch(p->most_keys));
    const ek_attention_call call = {.out = r.out, .ldo = p->ldo, .width = p->width, .n_queries = p->n_queries, .n_keys = p->n_keys,
                                    .step = p->step, .digits = p->digits, .bias = p->bias, .weights = r.weights,
                                    .ldw = p->ldw, .scratch = scratch};
    if (p->is_q8)
        ek_attention_q8(table, call, p->q8);
    else
        ek_attention_f32(table, call, p->f32);
    return r;
}

// One query in double precision. f32: within 2e-5 of the largest value. q8: against the same formula on the
// dequantized operands, plus half a step of 1 / 16256 of the largest weight for every key, with one digit a step of
// 1 / 127.
static void check_query(const problem *p, const result *r, size_t query) {
    const size_t n = p->n_keys + query * p->step;
    double weights[2048], sum = 0.0, largest = -INFINITY;
    for (size_t j = 0; j < n; j++) {
        double dot = 0.0;
        for (size_t c = 0; c < p->width; c++)
            dot += p->is_q8 ? (double)p->q8.q.codes[query * EK_HEAD + c] *
                                  (double)p->q8.k.tiles[(j / EK_TILE * p->width + c / EK_QUAD * EK_QUAD) * EK_TILE +
                                                  j % EK_TILE * EK_QUAD + c % EK_QUAD]
                            : (double)p->q[query * p->ldq + c] * (double)p->k[j * EK_HEAD + c];
        weights[j] = dot / 8.0 * (p->is_q8 ? (double)p->q8.q.scale[query] * (double)p->q8.k.scale[j] : 1.0);
        weights[j] += p->bias ? (double)p->bias[j] : 0.0;
        largest = fmax(largest, weights[j]);
    }
    for (size_t j = 0; j < n; j++)
        sum += weights[j] = exp(weights[j] - largest);
    const double step = p->is_q8 ? (p->digits == 2 ? 1.02 / 16256.0 : 1.02 / 127.0) / sum : 0.0;
    for (size_t j = 0; j < n; j++) {
        weights[j] /= sum;
        if (p->has_weights)
            ca_near("weight", weights[j], (double)r->weights[query * p->ldw + j],
                    2e-5 * weights[j] + step * (1.0 + (double)n * weights[j]) + 2e-38, j);
    }
    for (size_t c = 0; c < EK_HEAD; c++) {
        double exact = 0.0, most = 0.0;
        for (size_t j = 0; j < n; j++) {
            const size_t quad = c / EK_TILE * ek_div_up(n, EK_QUAD) + j / EK_QUAD;
            const double v = p->is_q8 ? (double)p->q8.v.tiles[(quad * EK_TILE + c % EK_TILE) * EK_QUAD + j % EK_QUAD] *
                                            (double)p->q8.v.scale[c]
                                      : (double)p->v[j * EK_HEAD + c];
            exact += weights[j] * v;
            most = fmax(most, fabs(v));
        }
        ca_near("out", exact, (double)r->out[query * p->ldo + c], (2e-5 + step * (double)n) * most, c);
    }
}

static void check_one(const ek_table *ref, const ek_table *level, problem p) {
    p.most_keys = p.n_keys + p.step * (p.n_queries ? p.n_queries - 1 : 0);
    p.width = EK_TILE * (1 + ca_below(EK_HEAD / EK_TILE));
    p.ldo = EK_HEAD + 64 * ca_below(3);
    p.ldq = EK_HEAD + 64 * ca_below(3);
    p.ldw = p.most_keys + 3 * ca_below(2);
    p.has_weights = ca_flip();
    p.digits = 1 + (size_t)ca_flip();
    const int has_bias = ca_flip();
    ca_case("width %zu, %zu queries, %zu keys, step %zu, digits %zu, ldo %zu, ldq %zu%s%s", p.width, p.n_queries,
            p.n_keys, p.step, p.digits, p.ldo, p.ldq, p.has_weights ? ", weights" : "", has_bias ? ", bias" : "");
    p.bias = has_bias ? new_bias(p.most_keys) : NULL;
    p.q = new_rows(p.n_queries, p.ldq);
    p.k = new_rows(p.most_keys, EK_HEAD);
    p.v = new_rows(p.most_keys, EK_HEAD);
    if (p.is_q8)
        make_q8(&p, ref);
    else
        make_f32(&p);
    const result expected = attend(&p, ref);
    if (level != ref) {
        const result got = attend(&p, level);
        ca_same_floats("out", expected.out, got.out, got.n_out, p.ldo);
        ca_same_floats("weights", expected.weights, got.weights, got.n_weights, p.ldw);
    }
    for (size_t i = 0; level == ref && i < p.n_queries; i++)
        check_query(&p, &expected, i);
    ca_done();
}

static void check_each(const ek_table *ref, const ek_table *level, int is_q8) {
    static const size_t queries[] = {0, 1, 2, 11, 12, 13, 25};
    static const size_t keys[] = {1, 2, 3, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127, 251, 448};
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        for (size_t j = 0; j < sizeof keys / sizeof *keys; j++)
            for (size_t step = 0; step <= (is_q8 ? 0 : 1); step++)
                check_one(ref, level, (problem){.n_queries = queries[i], .n_keys = keys[j], .step = step, .is_q8 = is_q8});
    check_one(ref, level, (problem){.n_queries = 13, .n_keys = 750, .is_q8 = is_q8});
    check_one(ref, level, (problem){.n_queries = 1, .n_keys = 1499, .is_q8 = is_q8});
    check_one(ref, level, (problem){.n_queries = 12, .n_keys = 1500, .is_q8 = is_q8});
}

static void check_f32(const ek_table *ref, const ek_table *level) { check_each(ref, level, 0); }
static void check_q8(const ek_table *ref, const ek_table *level) { check_each(ref, level, 1); }

typedef struct {
    const ek_table *table;
    problem p;
    ek_attention_call call;
} operands;

static void run(void *context) {
    const operands *o = context;
    if (o->p.is_q8)
        ek_attention_q8(o->table, o->call, o->p.q8);
    else
        ek_attention_f32(o->table, o->call, o->p.f32);
}

static void bench(const ek_table *table, size_t max_rows, int is_q8) {
    enum { KEYS = 1500, CAPACITY = 1504 };
    const size_t m = ek_min(48, max_rows);
    void *q = ca_bench_alloc(m * EK_HEAD * sizeof(float)), *k = ca_bench_alloc(CAPACITY * EK_HEAD * sizeof(float));
    void *v = ca_bench_alloc(CAPACITY * EK_HEAD * sizeof(float)), *scale = ca_bench_alloc(CAPACITY * sizeof(float));
    operands o = {.table = table, .p = {.is_q8 = is_q8}};
    o.call = (ek_attention_call){.out = ca_bench_alloc(m * EK_HEAD * sizeof(float)), .ldo = EK_HEAD, .width = EK_HEAD, .n_queries = m,
                                 .n_keys = KEYS, .scratch = ca_bench_alloc(ek_attention_scratch(KEYS))};
    o.p.f32 = (ek_attention_f32_operands){q, EK_HEAD, k, v};
    o.p.q8 = (ek_attention_q8_operands){.q = {.codes = q, .stride = EK_HEAD, .scale = scale, .sum = scale},
                                        .k = {.tiles = k, .scale = scale},
                                        .v = {.tiles = v, .scale = scale}};
    for (o.call.digits = 1; o.call.digits <= (is_q8 ? 2 : 1); o.call.digits++)
        ca_bench(o.call.digits == 1 ? "48 by 1500" : "48 by 1500,two", CA_GMACS, 2.0 * (double)m * KEYS * EK_HEAD, run, &o);
    void *buffers[] = {q, k, v, scale, o.call.out, o.call.scratch};
    for (size_t b = 0; b < sizeof buffers / sizeof *buffers; b++)
        free(buffers[b]);
}

static void bench_f32(const ek_table *table, size_t max_rows) { bench(table, max_rows, 0); }
static void bench_q8(const ek_table *table, size_t max_rows) { bench(table, max_rows, 1); }

const ca_kernel ca_attention_f32 = {"attention_f32", (size_t)CA_NO_SLOT, check_f32, NULL, bench_f32};
const ca_kernel ca_attention_q8 = {"attention_q8", (size_t)CA_NO_SLOT, check_q8, NULL, bench_q8};
