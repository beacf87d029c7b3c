// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s) {
    const size_t k = s.n, stride = ek_q8_stride(k), groups = ek_div_up(k, EK_GROUP), ldx = k + 3 * ca_below(3);
    const enum ca_values values = ca_any_values();
    const int has_groups = ca_flip(), has_middle = ca_flip();
    ca_case("%zu rows of %zu, ldx %zu%s%s, values %d", s.m, k, ldx, has_groups ? ", group sums" : "",
            has_middle ? ", from the middle" : "", values);

    const size_t n_x = k ? ca_span(s.m, ldx, k) : 0;
    float *x[2];
    ek_q8_rows rows[2];
    x[0] = CA_NEW(float, n_x);
    ca_floats(x[0], n_x, values);
    x[1] = CA_NEW(float, n_x);
    memcpy(x[1], x[0], n_x * sizeof *x[0]);
    for (int i = 0; i < 2; i++) {
        rows[i] = (ek_q8_rows){.codes = CA_NEW(int8_t, s.m * stride),
                               .stride = stride,
                               .scale = CA_NEW(float, s.m),
                               .sum = CA_NEW(int32_t, s.m),
                               .group_sum = has_groups ? CA_NEW(int32_t, s.m * groups) : NULL,
                               .middle = has_middle ? CA_NEW(float, s.m) : NULL};
        (i ? level : ref)->gelu_q8(rows[i], x[i], ldx, s.m, k);
    }
    ca_same_bytes("codes", rows[0].codes, rows[1].codes, s.m * stride, stride + !stride);
    ca_same_floats("scale", rows[0].scale, rows[1].scale, s.m, 1);
    if (has_middle)
        ca_same_floats("middle", rows[0].middle, rows[1].middle, s.m, 1);
    ca_same_bytes("sum", rows[0].sum, rows[1].sum, s.m * sizeof(int32_t), sizeof(int32_t));
    if (has_groups)
        ca_same_bytes("group_sum", rows[0].group_sum, rows[1].group_sum, s.m * groups * sizeof(int32_t),
                      sizeof(int32_t));
    ca_done();
}

static void check(const ek_table *ref, const ek_table *level) { ca_each_rows(check_shape, ref, level); }

// Every code is the nearest one to what libm's erfc gives in double precision, or as near as 2.5e-5 allows.
static void check_codes(const ek_table *ref, const ek_table *level, ca_shape s) {
    (void)level;
    const size_t k = s.n, stride = ek_q8_stride(k);
    const enum ca_values values = (enum ca_values)ca_below(CA_WIDE);
    float *middle = ca_flip() ? CA_NEW(float, s.m) : NULL;
    ca_case("codes of %zu rows of %zu, values %d%s", s.m, k, values, middle ? ", from the middle" : "");
    float *x = CA_NEW(float, s.m * k), *given = CA_NEW(float, s.m * k), *scale = CA_NEW(float, s.m);
    int8_t *codes = CA_NEW(int8_t, s.m * stride);
    int32_t *sum = CA_NEW(int32_t, s.m);
    ca_floats(given, s.m * k, values);
    memcpy(x, given, s.m * k * sizeof *x);
    ref->gelu_q8((ek_q8_rows){codes, stride, scale, sum, NULL, middle}, x, k, s.m, k);
    for (size_t i = 0; i < s.m; i++)
        for (size_t p = 0; p < k; p++) {
            const double v = (double)given[i * k + p], exact = 0.5 * v * erfc(-v * 0.70710678118654752);
            const double step = (double)scale[i], found = (double)codes[i * stride + p] * step;
            const double from = middle ? (double)middle[i] : 0.0;
            ca_near("GELU", exact, from + found, 0.5 * step + 2.6e-5 + 1e-6 * fabs(exact), p);
        }
    ca_done();
}

static void accuracy(const ek_table *ref) { ca_each_rows(check_codes, ref, ref); }

typedef struct {
    const ek_table *table;
    size_t m, k;
    ek_q8_rows rows;
    float *x;
} operands;

static void run(void *context) {
    const operands *o = context;
    o->table->gelu_q8(o->rows, o->x, o->k, o->m, o->k);
}

static void bench(const ek_table *table, size_t max_rows) {
    operands o = {.table = table, .m = ek_min(48, max_rows), .k = 1536};
    o.x = ca_bench_alloc(o.m * o.k * sizeof *o.x);
    float *middle = ca_bench_alloc(o.m * sizeof *middle);
    int32_t *group_sum = ca_bench_alloc(o.m * o.k / EK_GROUP * sizeof *group_sum);
    o.rows = (ek_q8_rows){.codes = ca_bench_alloc(o.m * ek_q8_stride(o.k)),
                          .stride = ek_q8_stride(o.k),
                          .scale = ca_bench_alloc(o.m * sizeof(float)),
                          .sum = ca_bench_alloc(o.m * sizeof(int32_t)),
                          .middle = middle}; // INT8
    ca_bench("48x1536,middle", CA_NS, (double)(o.m * o.k), run, &o);
    o.rows.middle = NULL; // INT4
    o.rows.group_sum = group_sum;
    ca_bench("48x1536,groups", CA_NS, (double)(o.m * o.k), run, &o);
    void *buffers[] = {o.rows.codes, o.rows.scale, o.rows.sum, o.x, middle, group_sum};
    for (size_t b = 0; b < sizeof buffers / sizeof *buffers; b++)
        free(buffers[b]);
}

const ca_kernel ca_gelu_q8 = {"gelu_q8", offsetof(ek_table, gelu_q8), check, accuracy, bench};
