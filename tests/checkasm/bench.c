// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_LINES = 32 };
static const double seconds_a_line = 0.15;

// out x in of tiny and base: encoder linears over 30 s, one decoder row, the vocabulary
const ca_shape ca_bench_products[] = {{1500, 384, 384}, {1500, 1536, 384}, {1500, 384, 1536}, {1500, 512, 512},
                                      {1500, 2048, 512}, {1500, 512, 2048}, {1, 1152, 384},   {1, 51864, 384},
                                      {1, 51865, 512}};
const size_t ca_n_bench_products = sizeof ca_bench_products / sizeof *ca_bench_products;

static struct {
    const ca_kernel *kernel;
    const char *level;
    size_t line; // of this kernel
} now_at;

static double ref_rate[64][MAX_LINES]; // by kernel and line

static double seconds(void) { // of this thread: time taken by other processes does not count
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Shortest seconds of a call: interruptions only ever add. Short calls are timed many at once.
static double time_of(void (*run)(void *), void *context) {
    double shortest = INFINITY;
    size_t calls = 1;
    double start = seconds();
    run(context); // warm-up
    const double once = seconds() - start;
    while ((double)calls * once < 50e-6)
        calls *= 2;
    const double end = seconds() + seconds_a_line;
    for (size_t n = 0; n < 5 || seconds() < end; n++) {
        start = seconds();
        for (size_t i = 0; i < calls; i++)
            run(context);
        shortest = fmin(shortest, (seconds() - start) / (double)calls);
    }
    return shortest;
}

static size_t index_of(const ca_kernel *kernel) {
    size_t i = 0;
    while (ca_kernels[i] != kernel)
        i++;
    return i;
}

void ca_bench(const char *shape, enum ca_unit unit, double work, void (*run)(void *), void *context) {
    const double rate = work / time_of(run, context);
    double *ref = &ref_rate[index_of(now_at.kernel)][now_at.line++];
    if (strcmp(now_at.level, ek_level_name(EK_REF)) == 0)
        *ref = rate;
    printf("%-17s %-16s %-11s %9.3f %-10s", now_at.kernel->name, shape, now_at.level,
           unit == CA_GMACS ? rate * 1e-9 : 1e9 / rate, unit == CA_GMACS ? "GMAC/s" : "ns/element");
    if (*ref > 0.0)
        printf(" %8.1f x ref", rate / *ref);
    printf("\n");
}

void ca_bench_kernel(const ca_kernel *kernel, const char *level_name, const ek_table *table) {
    now_at.kernel = kernel;
    now_at.level = level_name;
    now_at.line = 0;
    if (kernel->bench)
        kernel->bench(table, table->level == EK_REF ? 2 : SIZE_MAX);
}

void *ca_bench_alloc(size_t bytes) {
    unsigned char *memory = NULL;
    if (posix_memalign((void **)&memory, EK_ALIGN, ek_round_up(bytes + 1, EK_ALIGN)) != 0) {
        perror("checkasm: memory");
        exit(2);
    }
    for (size_t i = 0; i < ek_round_up(bytes + 1, EK_ALIGN); i++)
        memory[i] = (unsigned char)(i % 4 == 3 ? 0x3C + (i >> 2) % 4 : i * 37); // codes; as floats 0.007 .. 2
    for (size_t i = 0; i < ek_round_up(bytes + 1, EK_ALIGN); i++)
        memory[i] = memory[i] == 0x80 ? 0x81 : memory[i];
    return memory;
}
