// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s) {
    const size_t ldx = s.n + 3 * ca_below(3), n_x = ca_span(s.m, ldx, s.n);
    const int in_place = ca_flip();
    const size_t ldo = in_place ? ldx : s.n + 5 * ca_below(3), n_out = ca_span(s.m, ldo, s.n);
    const enum ca_values values = ca_any_values();
    ca_case("%zu rows of %zu, ldx %zu, ldo %zu%s, values %d", s.m, s.n, ldx, ldo, in_place ? ", in place" : "",
            values);
    float *x = CA_NEW(float, n_x), *weight = CA_NEW(float, s.n), *bias = CA_NEW(float, s.n);
    float *out[2];
    ca_floats(x, n_x, values);
    ca_floats(weight, s.n, CA_PLAIN);
    ca_floats(bias, s.n, CA_PLAIN);
    for (int i = 0; i < 2; i++) {
        out[i] = CA_NEW(float, n_out);
        if (in_place)
            memcpy(out[i], x, n_out * sizeof *x);
        (i ? level : ref)->layer_norm(out[i], ldo, in_place ? out[i] : x, ldx, weight, bias, s.m, s.n);
    }
    ca_same_floats("out", out[0], out[1], n_out, ldo + !ldo);
    ca_done();
}

static void check(const ek_table *ref, const ek_table *level) { ca_each_rows(check_shape, ref, level); }

// Against double precision: 2e-6 of a standard deviation and of the largest weight, for rows like a model's.
static void check_row(const ek_table *ref, const ek_table *level, ca_shape s) {
    (void)level;
    const size_t n = s.n;
    ca_case("accuracy, a row of %zu", n);
    float *x = CA_NEW(float, n), *weight = CA_NEW(float, n), *bias = CA_NEW(float, n), *out = CA_NEW(float, n);
    ca_floats(x, n, CA_PLAIN);
    ca_floats(weight, n, CA_PLAIN);
    ca_floats(bias, n, CA_PLAIN);
    ref->layer_norm(out, n, x, n, weight, bias, 1, n);
    double mean = 0.0, variance = 0.0;
    for (size_t j = 0; j < n; j++)
        mean += (double)x[j] / (double)n;
    for (size_t j = 0; j < n; j++)
        variance += ((double)x[j] - mean) * ((double)x[j] - mean) / (double)n;
    const double deviation = sqrt(variance + (double)EK_LAYER_NORM_EPSILON);
    for (size_t j = 0; n > 1 && j < n; j++) // a single value is all cancellation
        ca_near("out", ((double)x[j] - mean) / deviation * (double)weight[j] + (double)bias[j], (double)out[j],
                2e-6 * 4.0 * fmax(1.0, 1.0 / deviation), j);
    ca_done();
}

static void accuracy(const ek_table *ref) { ca_each_rows(check_row, ref, ref); }

typedef struct {
    const ek_table *table;
    size_t m, n;
    float *x, *out, *weight;
} operands;

static void run(void *context) {
    const operands *o = context;
    o->table->layer_norm(o->out, o->n, o->x, o->n, o->weight, o->weight, o->m, o->n);
}

static void bench(const ek_table *table, size_t max_rows) {
    operands o = {.table = table, .m = ek_min(1500, max_rows), .n = 384};
    o.x = ca_bench_alloc(o.m * o.n * sizeof *o.x);
    o.out = ca_bench_alloc(o.m * o.n * sizeof *o.out);
    o.weight = ca_bench_alloc(o.n * sizeof *o.weight);
    ca_bench("1500x384", CA_NS, (double)(o.m * o.n), run, &o);
    free(o.x);
    free(o.out);
    free(o.weight);
}

const ca_kernel ca_layer_norm = {"layer_norm", offsetof(ek_table, layer_norm), check, accuracy, bench};
