// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const ca_kernel *const ca_kernels[] = {
    &ca_gemm_f32,         &ca_gemm_q8,      &ca_gemm_q4,    &ca_quantize,
    &ca_gemm_mixed,       &ca_attention_mixed,
    &ca_quantize_columns, &ca_layer_norm,   &ca_gelu,       &ca_near_gelu,
    &ca_rms_norm,         &ca_rope,         &ca_silu,
    &ca_gelu_q8,          &ca_softmax,      &ca_softmax_q8, &ca_sum_exp,
    &ca_log_mel,
    &ca_attention_f32,    &ca_attention_q8, &ca_peak_q8,    &ca_peak_f32,
    &ca_pack,
};
const size_t ca_n_kernels = sizeof ca_kernels / sizeof *ca_kernels;

enum { MOST_SECONDS = 300 }; // for one check; it takes about one, or ten under qemu

static struct {
    sigjmp_buf leave;
    char at[256];      // description of the current case
    char message[256]; // why it failed
    size_t n_cases;
} run;

void ca_case(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(run.at, sizeof run.at, format, args);
    va_end(args);
    ca_free_all();
}

void ca_done(void) {
    const int damaged = ca_damaged_buffer();
    if (damaged >= 0)
        ca_fail("wrote outside of buffer %d of the case", damaged);
    run.n_cases++;
}

void ca_fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(run.message, sizeof run.message, format, args);
    va_end(args);
    siglongjmp(run.leave, 1);
}

void ca_same_floats(const char *what, const float *expected, const float *got, size_t n, size_t ld) {
    for (size_t i = 0; i < n; i++)
        if (memcmp(expected + i, got + i, sizeof *got) != 0 && !(isnan(expected[i]) && isnan(got[i])))
            ca_fail("%s[%zu][%zu] is %a, should be %a", what, i / ld, i % ld, (double)got[i], (double)expected[i]);
}

void ca_same_bytes(const char *what, const void *expected, const void *got, size_t n, size_t ld) {
    const signed char *a = expected, *b = got;
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i])
            ca_fail("%s: byte [%zu][%zu] is %d, should be %d", what, i / ld, i % ld, b[i], a[i]);
}

void ca_near(const char *what, double expected, double got, double tolerance, size_t index) {
    if (!(fabs(expected - got) <= tolerance))
        ca_fail("%s[%zu] is %.9g, should be %.9g within %.3g", what, index, got, expected, tolerance);
}

static void on_signal(int number) { siglongjmp(run.leave, number + 1); }

static void catch_signals(void) {
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM};
    struct sigaction action = {.sa_handler = on_signal};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
}

// A kernel's seed depends on nothing but the round's and its name: --kernel replays the same cases.
static uint64_t seed_of(uint64_t seed, const char *name) {
    uint64_t hash = seed;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001B3u;
    return hash;
}

static void *pointer_in(const ek_table *table, size_t slot) {
    void *pointer;
    memcpy(&pointer, (const char *)table + slot, sizeof pointer);
    return pointer;
}

// Nonzero if the check ended by itself; otherwise run.message says why not.
static int ends_well(const ca_kernel *kernel, const ek_table *table) {
    const ek_table *ref = ek_table_of(EK_REF);
    const int reason = sigsetjmp(run.leave, 1);
    alarm(reason == 0 ? MOST_SECONDS : 0);
    if (reason > 1)
        snprintf(run.message, sizeof run.message, "%s (signal %d)", strsignal(reason - 1), reason - 1);
    if (reason != 0)
        return 0;
    if (kernel->check)
        kernel->check(ref, table);
    if (kernel->accuracy && table == ref)
        kernel->accuracy(ref);
    alarm(0);
    return 1;
}

ca_result ca_run_level(const char *level_name, const ek_table *table, const ca_options *options, int quiet) {
    const ek_table *ref = ek_table_of(EK_REF);
    ca_result result = {0};
    catch_signals();
    run.n_cases = 0;
    for (size_t i = 0; i < ca_n_kernels; i++) {
        const ca_kernel *kernel = ca_kernels[i];
        const int has_slot = kernel->slot != (size_t)CA_NO_SLOT;
        if (options->kernel && strcmp(options->kernel, kernel->name) != 0)
            continue;
        if (!kernel->check && table != ref)
            continue;
        if (has_slot && table != ref && pointer_in(table, kernel->slot) == pointer_in(ref, kernel->slot))
            continue;
        result.n_kernels++;
        for (size_t round = 0; round < options->rounds; round++) {
            const uint64_t seed = options->seed + round; // a later round is the first of another run
            ca_seed(seed_of(seed, kernel->name));
            if (ends_well(kernel, table))
                continue;
            result.n_failures++;
            snprintf(result.failure, sizeof result.failure, "%s %s: %s: %s", level_name, kernel->name, run.at,
                     run.message);
            if (!quiet)
                printf("FAIL %s\n     again: checkasm --seed %llu --level %s --kernel %s\n", result.failure,
                       (unsigned long long)seed, level_name, kernel->name);
            break;
        }
    }
    result.n_cases = run.n_cases;
    return result;
}

int ca_unchecked_slot(void) {
    const size_t first = offsetof(ek_table, gemm_f32), n_slots = (sizeof(ek_table) - first) / sizeof(void *);
    for (size_t slot = 0; slot < n_slots; slot++) {
        int checked = 0;
        for (size_t i = 0; i < ca_n_kernels; i++)
            checked |= ca_kernels[i]->slot == first + slot * sizeof(void *);
        if (!checked)
            return (int)slot;
    }
    return -1;
}
