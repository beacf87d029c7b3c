// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s) {
    const size_t ldx = s.n + 3 * ca_below(3), n_x = ca_span(s.m, ldx, s.n);
    const enum ca_values values = ca_any_values();
    ca_case("%zu rows of %zu, ldx %zu, values %d", s.m, s.n, ldx, values);
    float *expected = CA_NEW(float, n_x), *got = CA_NEW(float, n_x);
    ca_floats(expected, n_x, values);
    memcpy(got, expected, n_x * sizeof *got);
    ref->gelu(expected, ldx, s.m, s.n);
    level->gelu(got, ldx, s.m, s.n);
    ca_same_floats("x", expected, got, n_x, ldx + !ldx);
    ca_done();
}

static void check(const ek_table *ref, const ek_table *level) { ca_each_rows(check_shape, ref, level); }

// Against libm's erfc in double precision: 3e-7, as the contract says.
static void accuracy(const ek_table *ref) {
    enum { ROW = 1000, ROWS = 200 };
    for (int i = 0; i < ROWS; i++) {
        ca_case("accuracy of row %d", i);
        float *x = CA_NEW(float, ROW), *y = CA_NEW(float, ROW);
        for (size_t j = 0; j < ROW; j++) // a grid over [-8, 8], then anything up to 1e30
            x[j] = i < ROWS / 2 ? 16.0f * (float)(i * ROW + (int)j) / (ROW * ROWS / 2) - 8.0f : 0.0f;
        if (i >= ROWS / 2)
            ca_floats(x, ROW, CA_WIDE);
        memcpy(y, x, ROW * sizeof *y);
        ref->gelu(y, ROW, 1, ROW);
        for (size_t j = 0; j < ROW; j++) {
            const double exact = 0.5 * (double)x[j] * erfc(-(double)x[j] * 0.70710678118654752);
            if (fabs((double)x[j]) < 1e30)
                ca_near("gelu", exact, (double)y[j], 3e-7 + 6e-8 * fabs(exact), j);
        }
        ca_done();
    }
}

typedef struct {
    const ek_table *table;
    size_t m, n;
    float *x;
} operands;

static void run(void *context) {
    const operands *o = context;
    o->table->gelu(o->x, o->n, o->m, o->n);
}

static void bench(const ek_table *table, size_t max_rows) {
    operands o = {.table = table, .m = ek_min(48, max_rows), .n = 1536};
    o.x = ca_bench_alloc(o.m * o.n * sizeof *o.x);
    ca_bench("48x1536", CA_NS, (double)(o.m * o.n), run, &o);
    free(o.x);
}

const ca_kernel ca_gelu = {"gelu", offsetof(ek_table, gelu), check, accuracy, bench};
