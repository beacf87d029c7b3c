// SPDX-License-Identifier: Apache-2.0
// Measures this machine and single kernels, for `python -m benchmarks kernels`; the engine itself does without.
#ifndef EW_MEASURE_H
#define EW_MEASURE_H

#include "pool.h"
#include "../dispatch/table.h"

typedef enum { EW_PEAK_Q8, EW_PEAK_F32, EW_PEAK_READ } ew_peak;

// The best rate of about `seconds`: multiply-adds (q8, f32) or bytes (read) a second, by all threads of the pool
// together. buffer: what is read, which should exceed the last cache level.
double ew_measure_peak(ew_pool *pool, const ek_table *table, ew_peak what, double seconds, const char *buffer,
                       size_t bytes);

typedef enum { EW_GEMM_Q8, EW_GEMM_Q4, EW_GEMM_F32, EW_ATTENTION_Q8, EW_ATTENTION_F32 } ew_product;

// Median seconds of one call of m x n x k (attention: m queries, n keys, k = 64). EW_ROWS or more are shared by
// rows, fewer by columns, as in the engine. At most 64 threads. Negative: no memory.
double ew_measure_product(ew_pool *pool, const ek_table *table, ew_product what, size_t m, size_t n, size_t k,
                          double seconds);

#endif
