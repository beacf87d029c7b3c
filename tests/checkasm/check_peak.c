// SPDX-License-Identifier: Apache-2.0
// The peak loops have no result to compare: they must run, and count more work for more rounds.
#include "checkasm.h"

static void check_loop(ek_peak_fn *peak) {
    for (size_t rounds = 0; rounds < 20; rounds++) {
        ca_case("%zu rounds", rounds);
        const double unit = peak(1);
        if (unit < 1.0)
            ca_fail("a round counts as %g multiply-adds", unit);
        ca_near("work", unit * (double)rounds, peak(rounds), 0.0, rounds);
        ca_done();
    }
}

static void check_q8(const ek_table *ref, const ek_table *level) {
    (void)ref;
    check_loop(level->peak_q8);
}

static void check_f32(const ek_table *ref, const ek_table *level) {
    (void)ref;
    check_loop(level->peak_f32);
}

typedef struct {
    ek_peak_fn *peak;
    size_t rounds;
} operands;

static void run(void *context) {
    const operands *o = context;
    o->peak(o->rounds);
}

static void bench_loop(ek_peak_fn *peak) {
    operands o = {peak, 100000};
    ca_bench("registers", CA_GMACS, peak(o.rounds), run, &o);
}

static void bench_q8(const ek_table *table, size_t max_rows) {
    (void)max_rows;
    bench_loop(table->peak_q8);
}

static void bench_f32(const ek_table *table, size_t max_rows) {
    (void)max_rows;
    bench_loop(table->peak_f32);
}

const ca_kernel ca_peak_q8 = {"peak_q8", offsetof(ek_table, peak_q8), check_q8, NULL, bench_q8};
const ca_kernel ca_peak_f32 = {"peak_f32", offsetof(ek_table, peak_f32), check_f32, NULL, bench_f32};
