// SPDX-License-Identifier: Apache-2.0
// Keys and values of a layer's heads as they come, one position after another: float32, or INT8 with a scale for each
// position of each head.
#ifndef EW_LLAMA_CACHE_H
#define EW_LLAMA_CACHE_H

#include "../../ops/attention/attention.h"
#include "../status.h"

typedef struct {
    size_t n_heads, capacity; // capacity: positions a head has room for, a multiple of 16
    float *k, *v;             // f32: [head][capacity / 16][64][16] and [head][capacity][64]
    int8_t *k_codes, *v_codes; // q8: the same
    float *k_scale, *v_scale;  // q8: [head][capacity]
} ew_cache;

// EW_OK; or EW_NO_MEMORY, and ew_cache_free frees what was made.
ew_status ew_cache_allocate(ew_cache *cache, size_t n_heads, size_t capacity, int is_q8);
void ew_cache_free(ew_cache *cache);

// Keeps the key and the value of a head at a position, each 64 floats.
void ew_cache_store(const ek_table *table, ew_cache *cache, size_t head, size_t position, const float *k, const float *v);

// Attention of queries, ldq floats apart, to the first call.n_keys positions of a head.
void ew_cache_attend(const ek_table *table, const ew_cache *cache, size_t head, ek_attention_call call, const float *q,
                     size_t ldq);

// Forgets n of n_past positions from `first` on; those after them move up, their keys turned back by the angles of `turns`
// (rope.h).
void ew_cache_drop(const ek_table *table, ew_cache *cache, size_t first, size_t n, size_t n_past, const float *turns);

#endif
