// SPDX-License-Identifier: Apache-2.0
// Keys and values of all heads, in the layouts that attention reads, INT8 or float32.
#ifndef EW_KEYS_H
#define EW_KEYS_H

#include "linear.h"

typedef struct {
    size_t n_heads, capacity; // capacity: most keys a head can hold
    float *k, *v;             // f32: [head][capacity / 16][64][16] and [head][capacity][64]
    int8_t *k_codes, *v_codes; // q8: [head][capacity / 16][16][16][4] and [head][4][n_keys / 4][16][4]
    float *k_scale, *v_scale;  // q8: [head][capacity] and [head][64]
} ew_keys;

// EW_OK; or EW_NO_MEMORY, and ew_keys_free frees what was made.
ew_status ew_keys_allocate(ew_keys *keys, size_t n_heads, size_t capacity, int int8);
void ew_keys_free(ew_keys *keys);

// Stores keys and values first .. first + m of every head; keys are `width` wide (attention.h). k and v: rows ld floats
// apart, heads side by side. scratch: an operand with room for m rows of 64. With q8 only keys are stored; the values
// of a head are quantized by ew_keys_quantize_values when all of them are known.
void ew_keys_store(const ek_table *table, ew_keys *keys, size_t first, size_t width, const float *k, const float *v,
                   size_t ld, size_t m, const ew_operand *scratch);
// Stores the values of one head. values: rows 0 .. n_keys of all heads, ldv floats apart.
void ew_keys_quantize_values(const ek_table *table, ew_keys *keys, size_t head, const float *values, size_t ldv,
                             size_t n_keys);

// Where a head's keys begin, in floats or codes; and its values.
static inline size_t ew_keys_head(const ew_keys *keys, size_t head) { return head * keys->capacity * 64; }

// INT8 keys and values of a head, as attention multiplies them.
static inline ek_q8_weights ew_keys_of_head(const ew_keys *keys, size_t head) {
    return (ek_q8_weights){.tiles = keys->k_codes + ew_keys_head(keys, head),
                           .scale = keys->k_scale + head * keys->capacity};
}
static inline ek_q8_weights ew_values_of_head(const ew_keys *keys, size_t head) {
    return (ek_q8_weights){.tiles = keys->v_codes + ew_keys_head(keys, head), .scale = keys->v_scale + head * 64};
}

#endif
