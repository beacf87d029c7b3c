// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

// Room for `rows` rows of k codes and the middles of the first m.
static ek_q8_rows new_rows(size_t rows, size_t m, size_t k, size_t stride, int has_groups, int has_middle) {
    return (ek_q8_rows){.codes = CA_NEW(int8_t, ca_span(rows, stride, ek_q8_stride(k))),
                        .stride = stride,
                        .scale = CA_NEW(float, rows),
                        .sum = CA_NEW(int32_t, rows),
                        .group_sum = has_groups ? CA_NEW(int32_t, rows * ek_div_up(k, EK_GROUP)) : NULL,
                        .middle = has_middle ? CA_NEW(float, m) : NULL};
}

static void same_rows(ek_q8_rows expected, ek_q8_rows got, size_t rows, size_t m, size_t k) {
    const size_t n_codes = ca_span(rows, got.stride, ek_q8_stride(k));
    ca_same_bytes("codes", expected.codes, got.codes, n_codes, ek_max(got.stride, 1));
    ca_same_floats("scale", expected.scale, got.scale, rows, 1);
    if (expected.middle)
        ca_same_floats("middle", expected.middle, got.middle, m, 1);
    ca_same_bytes("sum", expected.sum, got.sum, rows * sizeof(int32_t), sizeof(int32_t));
    if (expected.group_sum)
        ca_same_bytes("group_sum", expected.group_sum, got.group_sum, rows * ek_div_up(k, EK_GROUP) * sizeof(int32_t),
                      sizeof(int32_t));
}

static void check_rows(const ek_table *ref, const ek_table *level, ca_shape s, int has_groups, int has_middle,
                       size_t n_digits) {
    const size_t k = s.n, stride = ek_q8_stride(k) + 16 * ca_below(2);
    const size_t ldx = ca_below(4) == 0 ? k / 3 + 1 : k + 3 * ca_below(3); // a third: rows overlap
    const enum ca_values values = ca_any_values();
    const size_t rows = n_digits * s.m;
    ca_case("%zu rows of %zu, ldx %zu, stride %zu%s%s, digits %zu, values %d", s.m, k, ldx, stride,
            has_groups ? ", group sums" : "", has_middle ? ", from the middle" : "", n_digits, values);

    const size_t n_x = k ? ca_span(s.m, ldx, k) : 0;
    float *x = CA_NEW(float, n_x);
    ca_floats(x, n_x, values);
    ek_q8_rows written[2];
    for (int i = 0; i < 2; i++) {
        written[i] = new_rows(rows, s.m, k, stride, has_groups, has_middle);
        (i ? level : ref)->quantize(written[i], x, ldx, s.m, k, n_digits);
    }
    same_rows(written[0], written[1], rows, s.m, k);
    ca_done();
}

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s) {
    const int has_groups = ca_flip(), has_middle = ca_flip();
    check_rows(ref, level, s, has_groups, has_middle, 1 + (size_t)ca_flip());
}

static void check(const ek_table *ref, const ek_table *level) {
    ca_each_rows(check_shape, ref, level);
    // Heads: rows that are too few for sixteen at a time, and more.
    for (size_t k = EK_TILE; k <= 5 * EK_TILE; k += EK_TILE)
        for (size_t m = EK_TILE - 1; m <= 3 * EK_TILE + 1; m++)
            check_rows(ref, level, (ca_shape){m, k, 0}, 0, 0, 1);
}

static void check_sums(const int8_t *codes, size_t stride, int32_t sum, const int32_t *group_sum, size_t groups) {
    int32_t total = 0, in_groups = 0;
    for (size_t p = 0; p < stride; p++) {
        if (codes[p] == -128)
            ca_fail("code[%zu] is -128", p);
        total += codes[p];
    }
    for (size_t g = 0; g < groups; g++)
        in_groups += group_sum[g];
    if (total != sum || total != in_groups)
        ca_fail("sum is %d, of groups %d, should be %d", sum, in_groups, total);
}

// Every code is the nearest one (to float32's rounding of the product), with the second digit 254 times as near, never
// -128, and the sums are sums.
static void check_codes(const ek_table *ref, const ek_table *level, ca_shape s) {
    (void)level;
    const size_t k = s.n, stride = ek_q8_stride(k), groups = ek_div_up(k, EK_GROUP);
    const enum ca_values values = (enum ca_values)ca_below(CA_WIDE);
    float *middle = ca_flip() ? CA_NEW(float, s.m) : NULL;
    ca_case("codes of %zu rows of %zu, values %d%s", s.m, k, values, middle ? ", from the middle" : "");
    float *x = CA_NEW(float, s.m * k), *scale = CA_NEW(float, 2 * s.m);
    int8_t *codes = CA_NEW(int8_t, 2 * s.m * stride);
    int32_t *sum = CA_NEW(int32_t, 2 * s.m), *group_sum = CA_NEW(int32_t, 2 * s.m * groups);
    ca_floats(x, s.m * k, values);
    ref->quantize((ek_q8_rows){codes, stride, scale, sum, group_sum, middle}, x, k, s.m, k, 2);
    for (size_t i = 0; i < s.m; i++) {
        double high = 0.0, low = 0.0;
        for (size_t p = 0; p < k; p++) {
            high = fmax(high, (double)x[i * k + p]);
            low = fmin(low, (double)x[i * k + p]);
        }
        const double reach = middle ? (high - low) / 2 : fmax(high, -low), steps = middle ? 126.5 : 127.0;
        const double from = middle ? (double)middle[i] : 0.0;
        ca_near("scale", reach / steps, (double)scale[i], reach * 2e-7, i);
        if (middle)
            ca_near("middle", (high + low) / 2, from, reach * (0.5 / 126.5 + 1e-6), i);
        if (middle && reach > 0.0)
            ca_near("middle in steps", rint(from / (double)scale[i]), from / (double)scale[i], 2e-5, i);
        ca_near("second scale", (double)scale[i] / 254.0, (double)scale[s.m + i], (double)scale[i] * 1e-9, i);
        for (size_t p = 0; p < stride; p++) {
            const double first = (double)codes[i * stride + p], second = (double)codes[(s.m + i) * stride + p] / 254.0;
            const double exact = p < k && reach > 0.0 ? ((double)x[i * k + p] - from) * steps / reach : 0.0;
            ca_near("code", exact, first, p < k ? 0.5 + 2e-5 : 0.0, p);
            ca_near("both digits", exact, first + second, p < k ? 0.5 / 254.0 + 2e-5 : 0.0, p);
        }
    }
    for (size_t row = 0; row < 2 * s.m; row++)
        check_sums(codes + row * stride, stride, sum[row], group_sum + row * groups, groups);
    ca_done();
}

static void accuracy(const ek_table *ref) { ca_each_rows(check_codes, ref, ref); }

typedef struct {
    const ek_table *table;
    size_t m, k, n_digits;
    ek_q8_rows rows;
    float *x;
} operands;

static void run(void *context) {
    const operands *o = context;
    o->table->quantize(o->rows, o->x, o->k, o->m, o->k, o->n_digits);
}

static void bench(const ek_table *table, size_t max_rows) {
    operands o = {.table = table, .m = ek_min(1500, max_rows), .k = 384};
    int32_t *group_sum = ca_bench_alloc(2 * o.m * o.k / EK_GROUP * sizeof *group_sum);
    float *middle = ca_bench_alloc(o.m * sizeof *middle);
    o.rows = (ek_q8_rows){.codes = ca_bench_alloc(2 * o.m * ek_q8_stride(o.k)),
                          .stride = ek_q8_stride(o.k),
                          .scale = ca_bench_alloc(2 * o.m * sizeof(float)),
                          .sum = ca_bench_alloc(2 * o.m * sizeof(int32_t))};
    o.x = ca_bench_alloc(o.m * o.k * sizeof *o.x);
    for (o.n_digits = 1; o.n_digits <= 2; o.n_digits++) {
        char shape[32];
        for (int grouped = 0; grouped < 2; grouped++) {
            o.rows.group_sum = grouped ? group_sum : NULL;
            snprintf(shape, sizeof shape, "1500x384%s%s", o.n_digits == 2 ? ",fine" : "", grouped ? ",groups" : "");
            ca_bench(shape, CA_NS, (double)(o.m * o.k), run, &o);
        }
    }
    o.n_digits = 1;
    o.rows.group_sum = NULL;
    o.rows.middle = middle;
    ca_bench("1500x384,middle", CA_NS, (double)(o.m * o.k), run, &o);
    o.rows.middle = NULL;
    o.rows.stride = o.k = 64; // a head
    ca_bench("1500x64", CA_NS, (double)(o.m * o.k), run, &o);
    void *buffers[] = {o.rows.codes, o.rows.scale, o.rows.sum, group_sum, o.x, middle};
    for (size_t b = 0; b < sizeof buffers / sizeof *buffers; b++)
        free(buffers[b]);
}

const ca_kernel ca_quantize = {"quantize", offsetof(ek_table, quantize), check, accuracy, bench};
