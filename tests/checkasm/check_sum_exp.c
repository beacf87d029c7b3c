// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdlib.h>

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s) {
    const enum ca_values values = ca_any_values();
    ca_case("%zu floats, values %d", s.n, values);
    float *x = CA_NEW(float, s.n);
    ca_floats(x, s.n, values);
    const float largest = s.n ? x[ca_below(s.n)] : 0.0f;
    const float expected = ref->sum_exp(x, s.n, largest), got = level->sum_exp(x, s.n, largest);
    ca_same_floats("sum", &expected, &got, 1, 1);
    ca_done();
}

static void check(const ek_table *ref, const ek_table *level) { ca_each_rows(check_shape, ref, level); }

// Against double precision: the subtraction, exp and the sum of a lane are rounded.
static void check_row(const ek_table *ref, const ek_table *level, ca_shape s) {
    (void)level;
    const float spread = (float)(1 + ca_below(20));
    ca_case("accuracy, %zu floats, spread %.0f", s.n, (double)spread);
    float *x = CA_NEW(float, s.n), largest = 0.0f;
    ca_floats(x, s.n, CA_PLAIN);
    for (size_t j = 0; j < s.n; j++) {
        x[j] *= spread;
        largest = fmaxf(largest, x[j]);
    }
    double exact = 0.0;
    for (size_t j = 0; j < s.n; j++)
        exact += exp((double)x[j] - (double)largest);
    const double rounded = 1e-6 + 8.0 * (double)spread * 6e-8 + (double)s.n / EK_TILE * 6e-8;
    ca_near("sum", exact, (double)ref->sum_exp(x, s.n, largest), rounded * exact + (double)s.n * 2e-38, 0);
    ca_done();
}

static void accuracy(const ek_table *ref) { ca_each_rows(check_row, ref, ref); }

typedef struct {
    const ek_table *table;
    const float *x;
    size_t n;
    float sum;
} operands;

static void run(void *context) {
    operands *o = context;
    o->sum = o->table->sum_exp(o->x, o->n, 1.0f);
}

static void bench(const ek_table *table, size_t max_rows) {
    (void)max_rows;
    operands o = {.table = table, .n = 51864};
    float *x = ca_bench_alloc(o.n * sizeof *x);
    o.x = x;
    ca_bench("51864", CA_NS, (double)o.n, run, &o);
    free(x);
}

const ca_kernel ca_sum_exp = {"sum_exp", offsetof(ek_table, sum_exp), check, accuracy, bench};
