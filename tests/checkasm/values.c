// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <float.h>
#include <math.h>
#include <string.h>

static uint64_t state;

void ca_seed(uint64_t seed) { state = seed; }

uint64_t ca_random(void) { // splitmix64
    uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

size_t ca_below(size_t n) { return (size_t)((ca_random() >> 32) * n >> 32); }

static float any_finite(void) {
    float x;
    do {
        const uint32_t bits = (uint32_t)ca_random();
        memcpy(&x, &bits, sizeof x);
    } while (!isfinite(x));
    return x;
}

static float tiny(void) {
    const uint64_t random = ca_random();
    const uint32_t bits = random >> 62 ? (uint32_t)random & 0x80FFFFFFu : 0u;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float plain(void) { // a bell between -4 and 4
    const uint64_t r = ca_random();
    const uint64_t sum = (r & 0xFFFF) + (r >> 16 & 0xFFFF) + (r >> 32 & 0xFFFF) + (r >> 48);
    return (float)sum / 32768.0f - 4.0f;
}

void ca_floats(float *x, size_t n, enum ca_values values) {
    static const float extremes[] = {0.0f,      -0.0f,     1.0f,       -1.0f,   FLT_MAX, -FLT_MAX, FLT_MIN,
                                     -FLT_MIN,  1e-45f,    -1e-45f,    1e-40f,  127.0f,  -127.0f,  88.8f,
                                     -87.5f,    0.5f,      1.5f,       -2.5f,   1e30f,   -1e30f};
    static const float not_numbers[] = {NAN, -NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < n; i++) {
        switch (values) {
        case CA_PLAIN: x[i] = plain(); break;
        case CA_TIES: x[i] = i % 7 == 0 ? 127.0f : 0.5f * ((float)ca_below(509) - 254.0f); break;
        case CA_ZERO: x[i] = ca_flip() ? 0.0f : -0.0f; break;
        case CA_WIDE: x[i] = any_finite(); break;
        case CA_TINY: x[i] = tiny(); break;
        case CA_EXTREME: x[i] = extremes[ca_below(sizeof extremes / sizeof *extremes)]; break;
        default: x[i] = ca_below(8) ? plain() : not_numbers[ca_below(4)]; break;
        }
    }
}

// Plain values half of the time: they exercise every bit of the arithmetic.
enum ca_values ca_any_values(void) { return ca_flip() ? CA_PLAIN : (enum ca_values)ca_below(CA_N_VALUES); }

void ca_codes(int8_t *codes, size_t n) {
    const size_t kind = ca_below(8);
    for (size_t i = 0; i < n; i++) {
        switch (kind) {
        case 0: codes[i] = 127; break;
        case 1: codes[i] = -127; break;
        case 2: codes[i] = ca_flip() ? 127 : -127; break;
        case 3: codes[i] = 0; break;
        default: codes[i] = (int8_t)((int)ca_below(255) - 127); break;
        }
    }
}

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define PICK(list) (list)[ca_below(COUNT(list))]

void ca_each_product(ca_shape_check *check, const ek_table *ref, const ek_table *level) {
    static const size_t rows[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 19, 32, 33};
    static const size_t columns[] = {0, 1, 3, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 79, 97, 128, 131};
    static const size_t inputs[] = {0,  1,  2,  3,  4,  5,  7,  8,   9,   12,  15,  16,  17,
                                    31, 32, 33, 61, 63, 64, 65, 127, 128, 129, 160, 191, 257};
    // out x in of tiny and base: attention, feed-forward, convolutions, the end of the vocabulary
    static const ca_shape real[] = {{5, 384, 384},  {3, 1536, 384}, {3, 384, 1536}, {2, 384, 240}, {2, 384, 1152},
                                    {4, 512, 512},  {2, 2048, 512}, {2, 512, 2048}, {2, 512, 1536}, {1, 1032, 384},
                                    {13, 1500, 64}, {13, 64, 1500}, {8, 512, 512}, {6, 2048, 512}, {12, 512, 2048},
                                    {16, 384, 384}};
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t j = 0; j < COUNT(columns); j++)
            check(ref, level, (ca_shape){rows[i], columns[j], PICK(inputs)});
    for (size_t i = 0; i < 4 * COUNT(inputs); i++)
        check(ref, level, (ca_shape){PICK(rows), PICK(columns), inputs[i % COUNT(inputs)]});
    for (size_t i = 0; i < COUNT(real); i++)
        check(ref, level, real[i]);
}

void ca_each_rows(ca_shape_check *check, const ek_table *ref, const ek_table *level) {
    static const size_t rows[] = {0, 1, 2, 3, 7};
    static const size_t long_rows[] = {127, 128, 129, 251, 384, 449, 512, 750, 997, 1499, 1500, 1501, 1536, 2048};
    for (size_t n = 0; n <= 100; n++)
        for (size_t i = 0; i < 4; i++)
            check(ref, level, (ca_shape){PICK(rows), n, 0});
    for (size_t i = 0; i < COUNT(long_rows); i++)
        for (size_t j = 0; j < COUNT(rows); j++)
            check(ref, level, (ca_shape){rows[j], long_rows[i], 0});
}
