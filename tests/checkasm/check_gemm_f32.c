// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/ops/pack/pack.h"

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s) {
    const int overlap = ca_below(4) == 0, by_row = ca_below(4) == 0; // a convolution; attention's values
    const size_t lda = overlap ? s.k / 3 + 1 : s.k + 3 * ca_below(3), ldo = s.n + 5 * ca_below(3);
    const size_t columns = ek_round_up(s.n, EK_TILE);
    const size_t tile_stride = by_row ? EK_TILE : EK_TILE * s.k, row_stride = by_row ? columns : EK_TILE;
    const enum ek_mode mode = ca_flip() ? EK_ADD : EK_STORE;
    const enum ca_values values = ca_any_values();
    const int has_bias = ca_flip();
    ca_case("%zu x %zu x %zu, lda %zu, ldo %zu, %s, %s%s, values %d", s.m, s.n, s.k, lda, ldo,
            by_row ? "weights by rows" : "weights by tiles", mode == EK_ADD ? "add" : "store",
            has_bias ? ", bias" : "", values);

    const size_t n_out = ca_span(s.m, ldo, s.n), n_a = s.k ? ca_span(s.m, lda, s.k) : 0;
    float *a = CA_NEW(float, n_a), *w = CA_NEW(float, columns * s.k), *bias = has_bias ? CA_NEW(float, s.n) : NULL;
    float *expected = CA_NEW(float, n_out), *got = CA_NEW(float, n_out);
    ca_floats(a, n_a, values);
    ca_floats(w, columns * s.k, ca_any_values());
    if (bias)
        ca_floats(bias, s.n, CA_PLAIN);
    ca_floats(expected, n_out, CA_PLAIN);
    memcpy(got, expected, n_out * sizeof *got);
    ref->gemm_f32(expected, ldo, a, lda, w, tile_stride, row_stride, bias, s.m, s.n, s.k, mode);
    level->gemm_f32(got, ldo, a, lda, w, tile_stride, row_stride, bias, s.m, s.n, s.k, mode);
    ca_same_floats("out", expected, got, n_out, ldo);
    ca_done();
}

typedef struct {
    size_t n_frames, in, out, stride;
} convolution;

// Kernel of 3, padding of 1, the way a textbook has it. x [n_frames][in], w [out][3][in].
static float direct(const convolution *c, const float *x, const float *w, size_t t, size_t o) {
    float sum = 0.0f;
    for (size_t tap = 0; tap < 3; tap++) {
        const size_t frame = t * c->stride + tap; // counted from the padding
        for (size_t i = 0; frame >= 1 && frame <= c->n_frames && i < c->in; i++)
            sum = fmaf(x[(frame - 1) * c->in + i], w[(o * 3 + tap) * c->in + i], sum);
    }
    return sum;
}

// The product over overlapping rows of a padded clip is that convolution.
static void check_convolution(const ek_table *level, convolution c) {
    const size_t k = 3 * c.in, n_out = (c.n_frames - 1) / c.stride + 1;
    ca_case("convolution of %zu frames, %zu to %zu, stride %zu", c.n_frames, c.in, c.out, c.stride);
    float *x = CA_NEW(float, c.n_frames * c.in), *w = CA_NEW(float, c.out * k);
    float *padded = CA_NEW(float, (c.n_frames + 2) * c.in), *packed = CA_NEW(float, ek_packed_f32_floats(c.out, k));
    float *out = CA_NEW(float, n_out * c.out);
    ca_floats(x, c.n_frames * c.in, CA_PLAIN);
    ca_floats(w, c.out * k, CA_PLAIN);
    memset(padded, 0, (c.n_frames + 2) * c.in * sizeof *padded);
    memcpy(padded + c.in, x, c.n_frames * c.in * sizeof *x);
    ek_pack_f32(packed, w, k, c.out, k);
    level->gemm_f32(out, c.out, padded, c.stride * c.in, packed, EK_TILE * k, EK_TILE, NULL, n_out, c.out, k,
                    EK_STORE);
    for (size_t t = 0; t < n_out; t++)
        for (size_t o = 0; o < c.out; o++) {
            const float expected = direct(&c, x, w, t, o);
            ca_same_floats("out", &expected, out + t * c.out + o, 1, 1);
        }
    ca_done();
}

static void check(const ek_table *ref, const ek_table *level) {
    static const size_t frames[] = {1, 2, 3, 4, 9, 20}, inputs[] = {1, 5, 16, 80};
    ca_each_product(check_shape, ref, level);
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 4; j++)
            for (size_t stride = 1; stride <= 2; stride++)
                check_convolution(level, (convolution){frames[i], inputs[j], 1 + ca_below(40), stride});
}

typedef struct {
    const ek_table *table;
    ca_shape s;
    float *out, *a, *w;
} operands;

static void run(void *context) {
    const operands *x = context;
    const ca_shape s = x->s;
    x->table->gemm_f32(x->out, s.n, x->a, s.k, x->w, EK_TILE * s.k, EK_TILE, NULL, s.m, s.n, s.k, EK_STORE);
}

static void bench(const ek_table *table, size_t max_rows) {
    for (size_t i = 0; i < ca_n_bench_products; i++) {
        const ca_shape s = ca_bench_products[i];
        operands x = {.table = table, .s = {ek_min(s.m, max_rows), s.n, s.k}};
        char shape[32];
        x.out = ca_bench_alloc(s.m * s.n * sizeof *x.out);
        x.a = ca_bench_alloc(s.m * s.k * sizeof *x.a);
        x.w = ca_bench_alloc(ek_packed_f32_floats(s.n, s.k) * sizeof *x.w);
        snprintf(shape, sizeof shape, "%zux%zux%zu", s.m, s.n, s.k);
        ca_bench(shape, CA_GMACS, (double)x.s.m * (double)s.n * (double)s.k, run, &x);
        free(x.out);
        free(x.a);
        free(x.w);
    }
}

const ca_kernel ca_gemm_f32 = {"gemm_f32", offsetof(ek_table, gemm_f32), check, NULL, bench};
