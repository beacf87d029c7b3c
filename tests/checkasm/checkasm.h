// SPDX-License-Identifier: Apache-2.0
// Kernel checks after dav1d's checkasm: every pointer of every level's table against the reference, bit for bit.
// No check names an instruction set, so a new one needs no new test. README.md says how to run and replay.
#ifndef CHECKASM_H
#define CHECKASM_H

#include <stdint.h>

#include "../../kernels/dispatch/table.h"

// One kernel of the table, or something built on several of them.
typedef struct {
    const char *name;
    size_t slot; // where its pointer is in ek_table, or CA_NO_SLOT
    // Compares the level's kernel with the reference over many cases; NULL where all levels share the code.
    void (*check)(const ek_table *ref, const ek_table *level);
    // Compares the reference with an independent computation; NULL where there is nothing to compare.
    void (*accuracy)(const ek_table *ref);
    // Times the kernel at the shapes of real models, with at most max_rows rows.
    void (*bench)(const ek_table *table, size_t max_rows);
} ca_kernel;

enum { CA_NO_SLOT = -1 };

extern const ca_kernel ca_gemm_f32, ca_gemm_q8, ca_gemm_q4, ca_quantize, ca_quantize_columns, ca_layer_norm, ca_gelu,
    ca_rms_norm, ca_rope, ca_silu, ca_near_gelu, ca_gelu_q8, ca_softmax, ca_softmax_q8, ca_sum_exp, ca_log_mel,
    ca_attention_f32, ca_attention_q8, ca_peak_q8, ca_peak_f32, ca_pack, ca_gemm_mixed, ca_attention_mixed;

// --- harness.c: runs checks, catches crashes, reports

typedef struct {
    uint64_t seed;
    size_t rounds;      // how often each check is repeated, with the next seed every time
    const char *kernel; // run only this one, or NULL
} ca_options;

typedef struct {
    size_t n_kernels, n_cases, n_failures;
    char failure[768]; // text of the last one
} ca_result;

extern const ca_kernel *const ca_kernels[];
extern const size_t ca_n_kernels;

// Checks one table under the name of its level. With `quiet`, failures are counted but not printed.
ca_result ca_run_level(const char *level_name, const ek_table *table, const ca_options *options, int quiet);
// The first pointer of ek_table without a check, as an index; -1 if all have one.
int ca_unchecked_slot(void);
// Both are for checks. A case begins with its description and ends when all comparisons are done.
void ca_case(const char *format, ...) __attribute__((format(printf, 1, 2)));
void ca_done(void);
// Reports a failure of the current case and leaves the check.
void ca_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
// Bit for bit, but any NaN equals any NaN (processors choose its sign and payload). ld: for the message.
void ca_same_floats(const char *what, const float *expected, const float *got, size_t n, size_t ld);
void ca_same_bytes(const char *what, const void *expected, const void *got, size_t n, size_t ld);
// |expected - got| <= tolerance.
void ca_near(const char *what, double expected, double got, double tolerance, size_t index);

// --- memory.c: buffers between inaccessible pages

// `bytes` of memory that either begin or end at an inaccessible page; guard bytes fill the other side. It is valid
// until the next ca_case. The address is as aligned as `bytes` is (up to a page).
void *ca_alloc(size_t bytes);
#define CA_NEW(type, count) ((type *)ca_alloc((count) * sizeof(type)))
void ca_free_all(void);
// Name-free check of all guard bytes: index of the damaged buffer in order of allocation, or -1.
int ca_damaged_buffer(void);

// --- planted.c: does the harness find bugs?

// Plants one wrong kernel at a time in a copy of the reference's table and prints what is reported; the number of
// bugs that were not found.
int ca_self_test(uint64_t seed);

// --- values.c: seeded values and sizes

void ca_seed(uint64_t seed);
uint64_t ca_random(void);
size_t ca_below(size_t n); // 0 .. n - 1
static inline int ca_flip(void) { return (int)ca_below(2); }

enum ca_values {
    CA_PLAIN,   // like activations
    CA_TIES,    // multiples of 0.5 up to 127: rounding shows
    CA_ZERO,    // zeros of both signs
    CA_WIDE,    // any exponent, finite
    CA_TINY,    // subnormal or almost, and zeros: 1 / x is infinite
    CA_EXTREME, // limits of the type, subnormals, zeros
    CA_NAN,     // plain with NaN and infinities
    CA_N_VALUES,
};
void ca_floats(float *x, size_t n, enum ca_values values);
enum ca_values ca_any_values(void);

// INT8 codes in [-127, 127]: mixed, all at one limit, alternating limits, or zero.
void ca_codes(int8_t *codes, size_t n);

// Elements spanned by m rows of n that are ld apart.
static inline size_t ca_span(size_t m, size_t ld, size_t n) { return m ? (m - 1) * ld + n : 0; }

typedef struct {
    size_t m, n, k;
} ca_shape;
typedef void ca_shape_check(const ek_table *ref, const ek_table *level, ca_shape shape);
// Calls `check` for many products: 0, 1, tiles and their neighbours, primes, and real models with few rows.
void ca_each_product(ca_shape_check *check, const ek_table *ref, const ek_table *level);
// The same for kernels of m rows of n; k is 0.
void ca_each_rows(ca_shape_check *check, const ek_table *ref, const ek_table *level);

// --- bench.c: timing

enum ca_unit { CA_GMACS, CA_NS };
// Times run(context), which does `work` multiply-adds (CA_GMACS) or elements (CA_NS), and prints a line.
void ca_bench(const char *shape, enum ca_unit unit, double work, void (*run)(void *), void *context);
void ca_bench_kernel(const ca_kernel *kernel, const char *level_name, const ek_table *table);
// Aligned memory full of small values (valid as codes and as floats alike); free with free().
void *ca_bench_alloc(size_t bytes);
extern const ca_shape ca_bench_products[];
extern const size_t ca_n_bench_products;

#endif
