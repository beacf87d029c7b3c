// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdlib.h>

static ek_q8_rows new_digits(size_t m, size_t lda, size_t n) {
    return (ek_q8_rows){.codes = CA_NEW(int8_t, ca_span(m, lda, ek_q8_stride(n))),
                        .stride = lda,
                        .scale = CA_NEW(float, m),
                        .sum = CA_NEW(int32_t, m)};
}

static void same_digits(const char *what, ek_q8_rows expected, ek_q8_rows got, size_t m, size_t n) {
    ca_same_bytes(what, expected.codes, got.codes, ca_span(m, got.stride, ek_q8_stride(n)), got.stride);
    ca_same_floats(what, expected.scale, got.scale, m, 1);
    ca_same_bytes(what, expected.sum, got.sum, m * sizeof *got.sum, sizeof *got.sum);
}

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s) {
    const size_t ldx = s.n + 3 * ca_below(3), lda = ek_q8_stride(s.n) + 16 * ca_below(3);
    const enum ca_values values = ca_any_values();
    if (s.n == 0)
        return; // the contract excludes it
    const int two = ca_flip();
    ca_case("%zu rows of %zu, ldx %zu, lda %zu, %d digits, values %d", s.m, s.n, ldx, lda, 1 + two, values);
    float *x = CA_NEW(float, ca_span(s.m, ldx, s.n));
    ca_floats(x, ca_span(s.m, ldx, s.n), values);
    ek_q8_rows high[2], low[2];
    for (int i = 0; i < 2; i++) {
        high[i] = new_digits(s.m, lda, s.n);
        low[i] = two ? new_digits(s.m, lda, s.n) : (ek_q8_rows){0};
        (i ? level : ref)->softmax_q8(high[i], low[i], x, ldx, s.m, s.n);
    }
    same_digits("high", high[0], high[1], s.m, s.n);
    if (two)
        same_digits("low", low[0], low[1], s.m, s.n);
    ca_done();
}

static void check(const ek_table *ref, const ek_table *level) { ca_each_rows(check_shape, ref, level); }

// Against double precision: half a step of 1 / 16256 of the largest weight, for the weight and for their sum.
static void check_row(const ek_table *ref, const ek_table *level, ca_shape s) {
    (void)level;
    const size_t n = s.n, padded = ek_q8_stride(n);
    const float spread = (float)(1 + ca_below(20));
    if (n == 0)
        return;
    ca_case("accuracy, a row of %zu, spread %.0f", n, (double)spread);
    float *x = CA_NEW(float, n);
    const ek_q8_rows high = new_digits(1, padded, n), low = new_digits(1, padded, n);
    ca_floats(x, n, CA_PLAIN);
    double largest = -INFINITY, sum = 0.0;
    for (size_t j = 0; j < n; j++) {
        x[j] *= spread;
        largest = fmax(largest, (double)x[j]);
    }
    ref->softmax_q8(high, low, x, n, 1, n);
    for (size_t j = 0; j < n; j++)
        sum += exp((double)x[j] - largest);
    int32_t sums[2] = {0, 0};
    for (size_t j = 0; j < padded; j++) {
        const double exact = j < n ? exp((double)x[j] - largest) / sum : 0.0, step = 1.0 / (16256.0 * sum);
        const double weight = (double)high.codes[j] * (double)high.scale[0] +
                              (double)low.codes[j] * (double)low.scale[0];
        ca_near("weight", exact, weight, j < n ? 0.51 * step * (1.0 + (double)n * exact) + 2e-5 * exact : 0.0, j);
        if (high.codes[j] < 0 || low.codes[j] < 0)
            ca_fail("digit %zu is negative", j);
        sums[0] += high.codes[j];
        sums[1] += low.codes[j];
    }
    if (sums[0] != high.sum[0] || sums[1] != low.sum[0])
        ca_fail("sums are %d and %d, should be %d and %d", high.sum[0], low.sum[0], sums[0], sums[1]);
    ca_done();
}

// One digit: each weight is a step of 1 / 127 of the largest away at most, and so is the sum of every 32nd of them, but
// for what rounding each to 14 bits and its exponential's error (a step of a score and the polynomial) add up to.
static void check_carried(const ek_table *ref, const ek_table *level, ca_shape s) {
    (void)level;
    const size_t n = s.n, padded = ek_q8_stride(n);
    const float spread = (float)(1 + ca_below(20));
    if (n == 0)
        return;
    ca_case("one digit, a row of %zu, spread %.0f", n, (double)spread);
    float *x = CA_NEW(float, n);
    const ek_q8_rows high = new_digits(1, padded, n);
    ca_floats(x, n, CA_PLAIN);
    double largest = -INFINITY, owed[EK_CARRIES] = {0};
    for (size_t j = 0; j < n; j++) {
        x[j] *= spread;
        largest = fmax(largest, (double)x[j]);
    }
    ref->softmax_q8(high, (ek_q8_rows){0}, x, n, 1, n);
    int32_t sum = 0;
    for (size_t j = 0; j < padded; j++) {
        const double exact = j < n ? 127.0 * exp((double)x[j] - largest) : 0.0;
        ca_near("digit", exact, (double)high.codes[j], j < n ? 1.01 + 4e-4 * exact : 0.0, j);
        owed[j % EK_CARRIES] += exact - (double)high.codes[j];
        ca_near("sum of a lane", 0.0, owed[j % EK_CARRIES],
                1.01 + (double)(j / EK_CARRIES) * (0.5 / 128.0 + 127.0 * 4e-4), j);
        if (high.codes[j] < 0)
            ca_fail("digit %zu is negative", j);
        sum += high.codes[j];
    }
    if (sum != high.sum[0])
        ca_fail("sum is %d, should be %d", high.sum[0], sum);
    ca_near("scale", 1.0 / (double)sum, (double)high.scale[0], 1e-6 / (double)sum, 0);
    ca_done();
}

static void accuracy(const ek_table *ref) {
    ca_each_rows(check_row, ref, ref);
    ca_each_rows(check_carried, ref, ref);
}

typedef struct {
    const ek_table *table;
    size_t m, n;
    float *x;
    ek_q8_rows high, low;
} operands;

static void run(void *context) {
    const operands *o = context;
    o->table->softmax_q8(o->high, o->low, o->x, o->n, o->m, o->n);
}

static void bench(const ek_table *table, size_t max_rows) {
    operands o = {.table = table, .m = ek_min(12, max_rows), .n = 1500};
    ek_q8_rows *digits[] = {&o.high, &o.low};
    o.x = ca_bench_alloc(o.m * o.n * sizeof *o.x);
    for (int i = 0; i < 2; i++) {
        digits[i]->codes = ca_bench_alloc(o.m * ek_q8_stride(o.n));
        digits[i]->stride = ek_q8_stride(o.n);
        digits[i]->scale = ca_bench_alloc(o.m * sizeof *o.x);
        digits[i]->sum = ca_bench_alloc(o.m * sizeof *digits[i]->sum);
    }
    ca_bench("12x1500", CA_NS, (double)(o.m * o.n), run, &o);
    int8_t *low = o.low.codes;
    o.low.codes = NULL;
    ca_bench("12x1500,one digit", CA_NS, (double)(o.m * o.n), run, &o);
    o.low.codes = low;
    for (int i = 0; i < 2; i++) {
        free(digits[i]->codes);
        free(digits[i]->scale);
        free(digits[i]->sum);
    }
    free(o.x);
}

const ca_kernel ca_softmax_q8 = {"softmax_q8", offsetof(ek_table, softmax_q8), check, accuracy, bench};
