// SPDX-License-Identifier: Apache-2.0
#include "keys.h"

#include <assert.h>

#include "../ops/attention/attention.h"
#include "memory.h"

ew_status ew_keys_allocate(ew_keys *keys, size_t n_heads, size_t capacity, int int8) {
    const size_t padded = ek_round_up(capacity, EK_TILE), n = ew_times(n_heads, padded), cells = ew_times(n, EK_HEAD);
    *keys = (ew_keys){.n_heads = n_heads, .capacity = padded};
    if (!int8) {
        keys->k = ew_alloc_lasting(ew_times(cells, sizeof(float)));
        keys->v = ew_alloc_lasting(ew_times(cells, sizeof(float)));
        return keys->k && keys->v ? EW_OK : EW_NO_MEMORY;
    }
    keys->k_codes = ew_alloc_lasting(cells);
    keys->v_codes = ew_alloc_lasting(cells);
    keys->k_scale = ew_alloc_lasting(ew_times(n, sizeof(float)));
    keys->v_scale = ew_alloc_lasting(n_heads * EK_HEAD * sizeof(float));
    return keys->k_codes && keys->v_codes && keys->k_scale && keys->v_scale ? EW_OK : EW_NO_MEMORY;
}

void ew_keys_free(ew_keys *keys) {
    ew_free(keys->k);
    ew_free(keys->v);
    ew_free(keys->k_codes);
    ew_free(keys->v_codes);
    ew_free(keys->k_scale);
    ew_free(keys->v_scale);
    *keys = (ew_keys){0};
}

// Key `t` of a head into lane t % 16 of its tile.
static void scatter_codes(int8_t *head, size_t t, size_t width, const int8_t *codes) {
    int8_t *lane = head + t / EK_TILE * EK_TILE * width + t % EK_TILE * EK_QUAD;
    for (size_t quad = 0; quad < width / EK_QUAD; quad++)
        memcpy(lane + quad * EK_TILE * EK_QUAD, codes + quad * EK_QUAD, EK_QUAD);
}

typedef int32_t quads __attribute__((vector_size(16))); // four of a key's, or one of four keys
#if defined(__clang__)
#define SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, (quads){i, j, k, l})
#endif

// Keys t .. t + 4 of a head, t a multiple of 4.
static void scatter_four(int8_t *head, size_t t, size_t width, const int8_t *codes) {
    int8_t *lane = head + t / EK_TILE * EK_TILE * width + t % EK_TILE * EK_QUAD;
    for (size_t first = 0; first < width; first += sizeof(quads), lane += 4 * EK_TILE * EK_QUAD) {
        quads key[4];
        for (size_t i = 0; i < 4; i++)
            memcpy(&key[i], codes + i * EK_HEAD + first, sizeof key[i]);
        const quads a = SHUFFLE(key[0], key[1], 0, 4, 1, 5), b = SHUFFLE(key[2], key[3], 0, 4, 1, 5);
        const quads c = SHUFFLE(key[0], key[1], 2, 6, 3, 7), d = SHUFFLE(key[2], key[3], 2, 6, 3, 7);
        const quads turned[4] = {SHUFFLE(a, b, 0, 1, 4, 5), SHUFFLE(a, b, 2, 3, 6, 7), SHUFFLE(c, d, 0, 1, 4, 5),
                                 SHUFFLE(c, d, 2, 3, 6, 7)};
        for (size_t q = 0; q < 4; q++)
            memcpy(lane + q * EK_TILE * EK_QUAD, &turned[q], sizeof turned[q]);
    }
}

static void scatter_floats(float *head, size_t t, size_t width, const float *key) {
    float *lane = head + t / EK_TILE * EK_TILE * width + t % EK_TILE;
    for (size_t c = 0; c < width; c++)
        lane[c * EK_TILE] = key[c];
}

void ew_keys_store(const ek_table *table, ew_keys *keys, size_t first, size_t width, const float *k, const float *v,
                   size_t ld, size_t m, const ew_operand *scratch) {
    assert(first + m <= keys->capacity && width <= EK_HEAD && m <= scratch->rows && width <= scratch->inputs);
    for (size_t head = 0; head < keys->n_heads; head++) {
        const size_t start = ew_keys_head(keys, head);
        if (keys->k_codes) {
            const ek_q8_rows codes = {.codes = scratch->buffers.codes,
                                      .stride = EK_HEAD,
                                      .scale = keys->k_scale + head * keys->capacity + first,
                                      .sum = scratch->buffers.sum};
            table->quantize(codes, k + head * width, ld, m, width, 1);
            for (size_t i = 0, n; i < m; i += n) {
                n = (first + i) % 4 == 0 && i + 4 <= m ? 4 : 1;
                (n == 4 ? scatter_four : scatter_codes)(keys->k_codes + start, first + i, width,
                                                        codes.codes + i * codes.stride);
            }
        } else {
            for (size_t i = 0; i < m; i++) {
                scatter_floats(keys->k + start, first + i, width, k + i * ld + head * width);
                memcpy(keys->v + start + (first + i) * EK_HEAD, v + i * ld + head * EK_HEAD, EK_HEAD * sizeof *v);
            }
        }
    }
}

void ew_keys_quantize_values(const ek_table *table, ew_keys *keys, size_t head, const float *values, size_t ldv,
                             size_t n_keys) {
    assert(head < keys->n_heads && n_keys <= keys->capacity);
    table->quantize_columns(keys->v_codes + ew_keys_head(keys, head), keys->v_scale + head * EK_HEAD,
                            values + head * EK_HEAD, ldv, n_keys, EK_HEAD);
}
