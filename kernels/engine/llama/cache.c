// SPDX-License-Identifier: Apache-2.0
#include "cache.h"

#include <assert.h>

#include "../memory.h"

ew_status ew_cache_allocate(ew_cache *cache, size_t n_heads, size_t capacity, int is_q8) {
    const size_t padded = ek_round_up(capacity, EK_TILE), n = ew_times(n_heads, padded), cells = ew_times(n, EK_HEAD);
    *cache = (ew_cache){.n_heads = n_heads, .capacity = padded};
    if (!is_q8) {
        cache->k = ew_alloc_lasting(ew_times(cells, sizeof(float)));
        cache->v = ew_alloc_lasting(ew_times(cells, sizeof(float)));
        return cache->k && cache->v ? EW_OK : EW_NO_MEMORY;
    }
    cache->k_codes = ew_alloc_lasting(cells);
    cache->v_codes = ew_alloc_lasting(cells);
    cache->k_scale = ew_alloc_lasting(ew_times(n, sizeof(float)));
    cache->v_scale = ew_alloc_lasting(ew_times(n, sizeof(float)));
    return cache->k_codes && cache->v_codes && cache->k_scale && cache->v_scale ? EW_OK : EW_NO_MEMORY;
}

void ew_cache_free(ew_cache *cache) {
    ew_free(cache->k);
    ew_free(cache->v);
    ew_free(cache->k_codes);
    ew_free(cache->v_codes);
    ew_free(cache->k_scale);
    ew_free(cache->v_scale);
    *cache = (ew_cache){0};
}

static size_t start_of(const ew_cache *cache, size_t head) { return head * cache->capacity * EK_HEAD; }

// Where the first number of a key is; the others follow 16 apart.
static size_t lane_of(const ew_cache *cache, size_t head, size_t position) {
    return start_of(cache, head) + position / EK_TILE * EK_TILE * EK_HEAD + position % EK_TILE;
}

static float quantize(const ek_table *table, int8_t *codes, const float *x) {
    float scale;
    int32_t sum;
    table->quantize((ek_q8_rows){.codes = codes, .stride = EK_HEAD, .scale = &scale, .sum = &sum}, x, EK_HEAD, 1, EK_HEAD,
                    1);
    return scale;
}

static void store_key(const ek_table *table, ew_cache *cache, size_t head, size_t position, const float *k) {
    const size_t lane = lane_of(cache, head, position);
    if (!cache->k_codes) {
        for (size_t c = 0; c < EK_HEAD; c++)
            cache->k[lane + c * EK_TILE] = k[c];
        return;
    }
    int8_t codes[EK_HEAD];
    cache->k_scale[head * cache->capacity + position] = quantize(table, codes, k);
    for (size_t c = 0; c < EK_HEAD; c++)
        cache->k_codes[lane + c * EK_TILE] = codes[c];
}

static void load_key(const ew_cache *cache, size_t head, size_t position, float *k) {
    const size_t lane = lane_of(cache, head, position);
    for (size_t c = 0; c < EK_HEAD; c++)
        k[c] = cache->k_codes ? (float)cache->k_codes[lane + c * EK_TILE] * cache->k_scale[head * cache->capacity + position]
                              : cache->k[lane + c * EK_TILE];
}

void ew_cache_store(const ek_table *table, ew_cache *cache, size_t head, size_t position, const float *k, const float *v) {
    assert(head < cache->n_heads && position < cache->capacity);
    const size_t at = start_of(cache, head) + position * EK_HEAD;
    store_key(table, cache, head, position, k);
    if (cache->v_codes)
        cache->v_scale[head * cache->capacity + position] = quantize(table, cache->v_codes + at, v);
    else
        memcpy(cache->v + at, v, EK_HEAD * sizeof *v);
}

void ew_cache_attend(const ek_table *table, const ew_cache *cache, size_t head, ek_attention_call call, const float *q,
                     size_t ldq) {
    assert(head < cache->n_heads && call.n_keys <= cache->capacity);
    const size_t start = start_of(cache, head), scales = head * cache->capacity;
    if (cache->k_codes)
        ek_attention_mixed(table, call,
                           (ek_attention_mixed_operands){.q = q,
                                                         .ldq = ldq,
                                                         .k = cache->k_codes + start,
                                                         .v = cache->v_codes + start,
                                                         .k_scale = cache->k_scale + scales,
                                                         .v_scale = cache->v_scale + scales});
    else
        ek_attention_f32(table, call,
                         (ek_attention_f32_operands){.q = q, .ldq = ldq, .k = cache->k + start, .v = cache->v + start});
}

static void turn_back(float *k, const float *turns) {
    enum { HALF = EK_HEAD / 2 };
    for (size_t c = 0; c < HALF; c++) {
        const float a = k[c], b = k[c + HALF];
        k[c] = a * turns[c] + b * turns[HALF + c];
        k[c + HALF] = b * turns[c] - a * turns[HALF + c];
    }
}

void ew_cache_drop(const ek_table *table, ew_cache *cache, size_t first, size_t n, size_t n_past, const float *turns) {
    assert(first + n <= n_past && n_past <= cache->capacity);
    const size_t moved = n_past - first - n;
    for (size_t head = 0; head < cache->n_heads; head++) {
        for (size_t to = first; to < first + moved; to++) {
            float k[EK_HEAD];
            load_key(cache, head, to + n, k);
            turn_back(k, turns);
            store_key(table, cache, head, to, k);
        }
        const size_t at = start_of(cache, head) + first * EK_HEAD;
        if (cache->v_codes) {
            float *scale = cache->v_scale + head * cache->capacity + first;
            memmove(scale, scale + n, moved * sizeof *scale);
            memmove(cache->v_codes + at, cache->v_codes + at + n * EK_HEAD, moved * EK_HEAD);
        } else {
            memmove(cache->v + at, cache->v + at + n * EK_HEAD, moved * EK_HEAD * sizeof *cache->v);
        }
    }
}
