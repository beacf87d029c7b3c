// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdlib.h>

static void find_largest(float *largest, const float *x, size_t ldx, size_t k, size_t n) {
    for (size_t j = 0; j < n; j++) {
        largest[j] = 0.0f;
        for (size_t p = 0; p < k; p++)
            largest[j] = fabsf(x[p * ldx + j]) > largest[j] ? fabsf(x[p * ldx + j]) : largest[j];
    }
}

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s) {
    const size_t k = s.n, n = EK_TILE * ca_below(6), ldx = n + 3 * ca_below(3);
    const size_t bytes = n * ek_round_up(k, EK_QUAD);
    const enum ca_values values = ca_any_values();
    ca_case("%zu rows of %zu, ldx %zu, values %d", k, n, ldx, values);
    float *x = CA_NEW(float, ca_span(k, ldx, n));
    ca_floats(x, ca_span(k, ldx, n), values);
    int8_t *w[2];
    float *scale[2];
    for (int i = 0; i < 2; i++) {
        w[i] = CA_NEW(int8_t, bytes);
        scale[i] = CA_NEW(float, n);
        (i ? level : ref)->quantize_columns(w[i], scale[i], x, ldx, k, n);
    }
    ca_same_bytes("w", w[0], w[1], bytes, EK_TILE * EK_QUAD);
    ca_same_floats("scale", scale[0], scale[1], n, 1);
    ca_done();
}

static void check(const ek_table *ref, const ek_table *level) { ca_each_rows(check_shape, ref, level); }

// Each packed code is its value's, and the padding is zero.
static void accuracy(const ek_table *ref) {
    for (size_t k = 0; k < 40; k++) {
        const size_t n = 48, quads = ek_div_up(k, EK_QUAD);
        ca_case("codes of %zu rows of %zu", k, n);
        float *x = CA_NEW(float, k * n), *largest = CA_NEW(float, n), *scale = CA_NEW(float, n);
        int8_t *w = CA_NEW(int8_t, n * quads * EK_QUAD);
        ca_floats(x, k * n, CA_PLAIN);
        find_largest(largest, x, n, k, n);
        ref->quantize_columns(w, scale, x, n, k, n);
        for (size_t j = 0; j < n; j++) {
            for (size_t p = 0; p < quads * EK_QUAD; p++) {
                const size_t quad = j / EK_TILE * quads + p / EK_QUAD;
                const double most = (double)largest[j];
                const double exact = p < k && most > 0.0 ? (double)x[p * n + j] * 127.0 / most : 0.0;
                ca_near("code", exact, (double)w[(quad * EK_TILE + j % EK_TILE) * EK_QUAD + p % EK_QUAD],
                        p < k ? 0.5 + 2e-5 : 0.0, p * n + j);
            }
            ca_near("scale", (double)largest[j] / 127.0, (double)scale[j], 1e-7 * (double)largest[j], j);
        }
        ca_done();
    }
}

typedef struct {
    const ek_table *table;
    size_t k;
    int8_t *w;
    float *scale, *x;
} operands;

static void run(void *context) {
    const operands *o = context;
    o->table->quantize_columns(o->w, o->scale, o->x, 64, o->k, 64);
}

static void bench(const ek_table *table, size_t max_rows) {
    operands o = {.table = table, .k = ek_min(1500, max_rows)};
    o.w = ca_bench_alloc(64 * ek_round_up(o.k, EK_QUAD));
    o.scale = ca_bench_alloc(64 * sizeof *o.scale);
    o.x = ca_bench_alloc(64 * o.k * sizeof *o.x);
    ca_bench("1500x64", CA_NS, (double)(64 * o.k), run, &o);
    void *buffers[] = {o.w, o.scale, o.x};
    for (size_t b = 0; b < sizeof buffers / sizeof *buffers; b++)
        free(buffers[b]);
}

const ca_kernel ca_quantize_columns = {"quantize_columns", offsetof(ek_table, quantize_columns), check, accuracy,
                                       bench};
