// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POSITIONS = 9 };

static void check_shape(const ek_table *ref, const ek_table *level, ca_shape s) {
    const size_t width = 2 * (1 + s.n % 70), n_heads = 1 + ca_below(3), ldx = width * n_heads + 3 * ca_below(3);
    const size_t n_x = ca_span(s.m, ldx, width * n_heads);
    const enum ca_values values = ca_any_values();
    ca_case("%zu rows of %zu heads of %zu, ldx %zu, values %d", s.m, n_heads, width, ldx, values);
    float *expected = CA_NEW(float, n_x), *got = CA_NEW(float, n_x), *turns = CA_NEW(float, POSITIONS * width);
    int32_t *position = CA_NEW(int32_t, s.m);
    for (size_t i = 0; i < s.m; i++)
        position[i] = (int32_t)ca_below(POSITIONS);
    ca_floats(turns, POSITIONS * width, CA_PLAIN);
    ca_floats(expected, n_x, values);
    memcpy(got, expected, n_x * sizeof *got);
    ref->rope(expected, ldx, turns, position, s.m, n_heads, width);
    level->rope(got, ldx, turns, position, s.m, n_heads, width);
    ca_same_floats("x", expected, got, n_x, ldx);
    ca_done();
}

static void check(const ek_table *ref, const ek_table *level) { ca_each_rows(check_shape, ref, level); }

// A pair turned by an angle, in double precision.
static void accuracy(const ek_table *ref) {
    enum { WIDTH = 64, HALF = WIDTH / 2 };
    ca_case("accuracy");
    float *x = CA_NEW(float, WIDTH), *y = CA_NEW(float, WIDTH), *turns = CA_NEW(float, 2 * WIDTH);
    int32_t *position = CA_NEW(int32_t, 1);
    position[0] = 1;
    ca_floats(x, WIDTH, CA_PLAIN);
    memcpy(y, x, WIDTH * sizeof *y);
    for (size_t c = 0; c < HALF; c++) {
        turns[c] = turns[HALF + c] = 0.0f;
        turns[WIDTH + c] = (float)cos((double)c);
        turns[WIDTH + HALF + c] = (float)sin((double)c);
    }
    ref->rope(y, WIDTH, turns, position, 1, 1, WIDTH);
    for (size_t c = 0; c < HALF; c++) {
        const double a = (double)x[c], b = (double)x[c + HALF], most = 3e-7 * (fabs(a) + fabs(b));
        ca_near("first", a * cos((double)c) - b * sin((double)c), (double)y[c], most, c);
        ca_near("second", b * cos((double)c) + a * sin((double)c), (double)y[c + HALF], most, c);
    }
    ca_done();
}

typedef struct {
    const ek_table *table;
    size_t m;
    float *x, *turns;
    int32_t *position;
} operands;

static void run(void *context) {
    const operands *o = context;
    o->table->rope(o->x, 576, o->turns, o->position, o->m, 9, 64);
}

static void bench(const ek_table *table, size_t max_rows) {
    operands o = {.table = table, .m = ek_min(48, max_rows)};
    o.x = ca_bench_alloc(o.m * 576 * sizeof *o.x);
    o.turns = ca_bench_alloc(64 * sizeof *o.turns);
    o.position = calloc(o.m, sizeof *o.position);
    ca_bench("48x576", CA_NS, (double)(o.m * 576), run, &o);
    free(o.x);
    free(o.turns);
    free(o.position);
}

const ca_kernel ca_rope = {"rope", offsetof(ek_table, rope), check, accuracy, bench};
