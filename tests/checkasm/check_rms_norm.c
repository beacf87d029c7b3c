// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EPSILON 1e-5f

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s) {
    const size_t ldx = s.n + 3 * ca_below(3), n_x = ca_span(s.m, ldx, s.n);
    const int in_place = ca_flip();
    const size_t ldo = in_place ? ldx : s.n + 5 * ca_below(3), n_out = ca_span(s.m, ldo, s.n);
    const enum ca_values values = ca_any_values();
    ca_case("%zu rows of %zu, ldx %zu, ldo %zu%s, values %d", s.m, s.n, ldx, ldo, in_place ? ", in place" : "",
            values);
    float *x = CA_NEW(float, n_x), *weight = CA_NEW(float, s.n);
    float *out[2];
    ca_floats(x, n_x, values);
    ca_floats(weight, s.n, CA_PLAIN);
    for (int i = 0; i < 2; i++) {
        out[i] = CA_NEW(float, n_out);
        if (in_place)
            memcpy(out[i], x, n_out * sizeof *x);
        (i ? level : ref)->rms_norm(out[i], ldo, in_place ? out[i] : x, ldx, weight, EPSILON, s.m, s.n);
    }
    ca_same_floats("out", out[0], out[1], n_out, ldo + !ldo);
    ca_done();
}

static void check(const ek_table *ref, const ek_table *level) { ca_each_rows(check_shape, ref, level); }

// Against double precision.
static void check_row(const ek_table *ref, const ek_table *level, ca_shape s) {
    (void)level;
    const size_t n = s.n;
    ca_case("accuracy, a row of %zu", n);
    float *x = CA_NEW(float, n), *weight = CA_NEW(float, n), *out = CA_NEW(float, n);
    ca_floats(x, n, CA_PLAIN);
    ca_floats(weight, n, CA_PLAIN);
    ref->rms_norm(out, n, x, n, weight, EPSILON, 1, n);
    double square = 0.0;
    for (size_t j = 0; j < n; j++)
        square += (double)x[j] * (double)x[j] / (double)n;
    for (size_t j = 0; j < n; j++) {
        const double exact = (double)x[j] / sqrt(square + (double)EPSILON) * (double)weight[j];
        ca_near("out", exact, (double)out[j], 1e-6 * fabs(exact) + 1e-30, j);
    }
    ca_done();
}

static void accuracy(const ek_table *ref) { ca_each_rows(check_row, ref, ref); }

typedef struct {
    const ek_table *table;
    size_t m, n;
    float *x, *weight;
} operands;

static void run(void *context) {
    const operands *o = context;
    o->table->rms_norm(o->x, o->n, o->x, o->n, o->weight, EPSILON, o->m, o->n);
}

static void bench(const ek_table *table, size_t max_rows) {
    operands o = {.table = table, .m = ek_min(48, max_rows), .n = 576};
    o.x = ca_bench_alloc(o.m * o.n * sizeof *o.x);
    o.weight = ca_bench_alloc(o.n * sizeof *o.weight);
    ca_bench("48x576", CA_NS, (double)(o.m * o.n), run, &o);
    free(o.x);
    free(o.weight);
}

const ca_kernel ca_rms_norm = {"rms_norm", offsetof(ek_table, rms_norm), check, accuracy, bench};
