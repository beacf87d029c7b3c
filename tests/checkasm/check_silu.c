// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s) {
    const size_t ldx = s.n + 3 * ca_below(3), ldu = s.n + 2 * ca_below(3);
    const size_t n_x = ca_span(s.m, ldx, s.n), n_up = ca_span(s.m, ldu, s.n);
    const enum ca_values values = ca_any_values();
    ca_case("%zu rows of %zu, ldx %zu, ldu %zu, values %d", s.m, s.n, ldx, ldu, values);
    float *expected = CA_NEW(float, n_x), *got = CA_NEW(float, n_x), *up = CA_NEW(float, n_up);
    ca_floats(expected, n_x, values);
    ca_floats(up, n_up, CA_PLAIN);
    memcpy(got, expected, n_x * sizeof *got);
    ref->silu(expected, ldx, up, ldu, s.m, s.n);
    level->silu(got, ldx, up, ldu, s.m, s.n);
    ca_same_floats("x", expected, got, n_x, ldx + !ldx);
    ca_done();
}

static void check(const ek_table *ref, const ek_table *level) { ca_each_rows(check_shape, ref, level); }

// Against libm in double precision, on a grid over [-20, 20].
static void accuracy(const ek_table *ref) {
    enum { ROW = 4000 };
    ca_case("accuracy");
    float *x = CA_NEW(float, ROW), *y = CA_NEW(float, ROW), *up = CA_NEW(float, ROW);
    for (size_t j = 0; j < ROW; j++) {
        x[j] = y[j] = 40.0f * (float)j / ROW - 20.0f;
        up[j] = 1.0f;
    }
    ref->silu(y, ROW, up, ROW, 1, ROW);
    for (size_t j = 0; j < ROW; j++) {
        const double exact = (double)x[j] / (1.0 + exp(-(double)x[j]));
        ca_near("silu", exact, (double)y[j], 1e-6 * fabs(exact), j);
    }
    ca_done();
}

typedef struct {
    const ek_table *table;
    size_t m, n;
    float *x, *up;
} operands;

static void run(void *context) {
    const operands *o = context;
    o->table->silu(o->x, o->n, o->up, o->n, o->m, o->n);
}

static void bench(const ek_table *table, size_t max_rows) {
    operands o = {.table = table, .m = ek_min(48, max_rows), .n = 1536};
    o.x = ca_bench_alloc(o.m * o.n * sizeof *o.x);
    o.up = ca_bench_alloc(o.m * o.n * sizeof *o.up);
    ca_bench("48x1536", CA_NS, (double)(o.m * o.n), run, &o);
    free(o.x);
    free(o.up);
}

const ca_kernel ca_silu = {"silu", offsetof(ek_table, silu), check, accuracy, bench};
