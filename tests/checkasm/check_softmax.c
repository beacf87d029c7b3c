// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/common/mathf.h"

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s) {
    const size_t ldx = s.n + 3 * ca_below(3), n_x = ca_span(s.m, ldx, s.n);
    const enum ca_values values = ca_any_values();
    ca_case("%zu rows of %zu, ldx %zu, values %d", s.m, s.n, ldx, values);
    float *expected = CA_NEW(float, n_x), *got = CA_NEW(float, n_x);
    ca_floats(expected, n_x, values);
    memcpy(got, expected, n_x * sizeof *got);
    ref->softmax(expected, ldx, s.m, s.n);
    level->softmax(got, ldx, s.m, s.n);
    ca_same_floats("x", expected, got, n_x, ldx + !ldx);
    ca_done();
}

static void check(const ek_table *ref, const ek_table *level) { ca_each_rows(check_shape, ref, level); }

// ek_expf against libm in double precision: a relative error of 2e-7 wherever it does not clamp.
static void check_exp(void) {
    enum { STEPS = 400000 };
    ca_case("accuracy of exp");
    for (int i = 0; i < STEPS; i++) {
        const float x = -87.0f + 175.0f * (float)i / STEPS;
        const double exact = exp((double)x);
        ca_near("exp", exact, (double)ek_expf(x), 2e-7 * exact, (size_t)i);
    }
    ca_done();
}

// Against double precision: 1e-6 relative, and the smallest normal number where exp clamps.
static void check_row(const ek_table *ref, const ek_table *level, ca_shape s) {
    (void)level;
    const size_t n = s.n;
    const float spread = (float)(1 + ca_below(20));
    ca_case("accuracy, a row of %zu, spread %.0f", n, (double)spread);
    float *x = CA_NEW(float, n), *y = CA_NEW(float, n);
    ca_floats(x, n, CA_PLAIN);
    double largest = -INFINITY, sum = 0.0;
    for (size_t j = 0; j < n; j++) {
        x[j] *= spread;
        largest = fmax(largest, (double)x[j]);
    }
    memcpy(y, x, n * sizeof *y);
    ref->softmax(y, n, 1, n);
    for (size_t j = 0; j < n; j++)
        sum += exp((double)x[j] - largest);
    for (size_t j = 0; j < n; j++) {
        const double exact = exp((double)x[j] - largest) / sum;
        // the subtraction itself is rounded: up to 2^-24 of a difference of up to 8 * spread
        ca_near("softmax", exact, (double)y[j], (1e-6 + 8.0 * (double)spread * 6e-8) * exact + 2e-38, j);
    }
    ca_done();
}

static void accuracy(const ek_table *ref) {
    check_exp();
    ca_each_rows(check_row, ref, ref);
}

typedef struct {
    const ek_table *table;
    size_t m, n;
    float *x;
} operands;

static void run(void *context) {
    const operands *o = context;
    o->table->softmax(o->x, o->n, o->m, o->n);
}

static void bench(const ek_table *table, size_t max_rows) {
    operands o = {.table = table, .m = ek_min(12, max_rows), .n = 1500};
    o.x = ca_bench_alloc(o.m * o.n * sizeof *o.x);
    ca_bench("12x1500", CA_NS, (double)(o.m * o.n), run, &o);
    free(o.x);
}

const ca_kernel ca_softmax = {"softmax", offsetof(ek_table, softmax), check, accuracy, bench};
