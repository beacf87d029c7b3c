// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s, int near) {
    const size_t ldx = s.n + 3 * ca_below(3), n_x = ca_span(s.m, ldx, s.n);
    const enum ca_values values = ca_any_values();
    ca_case("%s, %zu rows of %zu, ldx %zu, values %d", near ? "near" : "exact", s.m, s.n, ldx, values);
    float *expected = CA_NEW(float, n_x), *got = CA_NEW(float, n_x);
    ca_floats(expected, n_x, values);
    memcpy(got, expected, n_x * sizeof *got);
    (near ? ref->near_gelu : ref->gelu)(expected, ldx, s.m, s.n);
    (near ? level->near_gelu : level->gelu)(got, ldx, s.m, s.n);
    ca_same_floats("x", expected, got, n_x, ldx + !ldx);
    ca_done();
}

static void check_exact(const ek_table *ref, const ek_table *level, ca_shape s) { check_shape(ref, level, s, 0); }
static void check_near(const ek_table *ref, const ek_table *level, ca_shape s) { check_shape(ref, level, s, 1); }

static void check(const ek_table *ref, const ek_table *level) { ca_each_rows(check_exact, ref, level); }
static void check_nearly(const ek_table *ref, const ek_table *level) { ca_each_rows(check_near, ref, level); }

// Against libm's erfc in double precision, as the contract says.
static void accuracy_of(ek_gelu_fn *gelu, double most) {
    enum { ROW = 1000, ROWS = 200 };
    for (int i = 0; i < ROWS; i++) {
        ca_case("accuracy of row %d", i);
        float *x = CA_NEW(float, ROW), *y = CA_NEW(float, ROW);
        for (size_t j = 0; j < ROW; j++) // a grid over [-8, 8], then anything up to 1e30
            x[j] = i < ROWS / 2 ? 16.0f * (float)(i * ROW + (int)j) / (ROW * ROWS / 2) - 8.0f : 0.0f;
        if (i >= ROWS / 2)
            ca_floats(x, ROW, CA_WIDE);
        memcpy(y, x, ROW * sizeof *y);
        gelu(y, ROW, 1, ROW);
        for (size_t j = 0; j < ROW; j++) {
            const double exact = 0.5 * (double)x[j] * erfc(-(double)x[j] * 0.70710678118654752);
            if (fabs((double)x[j]) < 1e30)
                ca_near("gelu", exact, (double)y[j], most + 6e-8 * fabs(exact), j);
        }
        ca_done();
    }
}

static void accuracy(const ek_table *ref) { accuracy_of(ref->gelu, 3e-7); }
static void accuracy_nearly(const ek_table *ref) { accuracy_of(ref->near_gelu, 2.6e-5); }

typedef struct {
    ek_gelu_fn *gelu;
    size_t m, n;
    float *x;
} operands;

static void run(void *context) {
    const operands *o = context;
    o->gelu(o->x, o->n, o->m, o->n);
}

static void bench_of(ek_gelu_fn *gelu, size_t max_rows) {
    operands o = {.gelu = gelu, .m = ek_min(48, max_rows), .n = 1536};
    o.x = ca_bench_alloc(o.m * o.n * sizeof *o.x);
    ca_bench("48x1536", CA_NS, (double)(o.m * o.n), run, &o);
    free(o.x);
}

static void bench(const ek_table *table, size_t max_rows) { bench_of(table->gelu, max_rows); }
static void bench_nearly(const ek_table *table, size_t max_rows) { bench_of(table->near_gelu, max_rows); }

const ca_kernel ca_gelu = {"gelu", offsetof(ek_table, gelu), check, accuracy, bench};
const ca_kernel ca_near_gelu = {"near_gelu", offsetof(ek_table, near_gelu), check_nearly, accuracy_nearly,
                                bench_nearly};
