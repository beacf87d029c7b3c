// SPDX-License-Identifier: Apache-2.0
// Packing is plain C, the same for every level: every element of every tile against the row that it comes from, and
// zeros where there is none.
#include "checkasm.h"

#include <string.h>

#include "../../kernels/ops/pack/pack.h"

enum { BLOCK_BYTES = 2 + EK_GROUP / 2 }; // of Q4_0 in a file

static void check_f32(size_t n, size_t k) {
    const size_t ldw = k + 3 * ca_below(3);
    ca_case("f32, %zu rows of %zu, ldw %zu", n, k, ldw);
    float *w = CA_NEW(float, ca_span(n, ldw, k)), *packed = CA_NEW(float, ek_packed_f32_floats(n, k));
    ca_floats(w, ca_span(n, ldw, k), CA_WIDE);
    ek_pack_f32(packed, w, ldw, n, k);
    for (size_t i = 0; i < ek_packed_f32_floats(n, k); i++) {
        const size_t lane = i % EK_TILE, p = i / EK_TILE % k, row = i / (EK_TILE * k) * EK_TILE + lane;
        const float expected = row < n ? w[row * ldw + p] : 0.0f;
        ca_same_floats("packed", &expected, packed + i, 1, 1);
    }
    ca_done();
}

static void check_q8(size_t n, size_t k) {
    const size_t ldw = k + 3 * ca_below(3), quads = ek_div_up(k, EK_QUAD);
    ca_case("q8, %zu rows of %zu, ldw %zu", n, k, ldw);
    int8_t *w = CA_NEW(int8_t, ca_span(n, ldw, k)), *packed = CA_NEW(int8_t, ek_packed_q8_bytes(n, k));
    ca_codes(w, ca_span(n, ldw, k));
    ek_pack_q8(packed, w, ldw, n, k);
    for (size_t i = 0; i < ek_packed_q8_bytes(n, k); i++) {
        const size_t tile = i / (EK_TILE * EK_QUAD * quads), row = tile * EK_TILE + i / EK_QUAD % EK_TILE;
        const size_t p = i / (EK_TILE * EK_QUAD) % quads * EK_QUAD + i % EK_QUAD;
        const int8_t expected = row < n && p < k ? w[row * ldw + p] : 0;
        ca_same_bytes("packed", &expected, packed + i, 1, 1);
    }
    ca_done();
}

// The code of input `p` of a group, as the file has it: 0..15, 8 being zero.
static int code_in_file(const uint8_t *block, size_t p) {
    return p < EK_GROUP / 2 ? block[2 + p] & 15 : block[2 + p - EK_GROUP / 2] >> 4;
}

static void check_q4(size_t n, size_t k) {
    const size_t groups = k / EK_GROUP, tiles = ek_div_up(n, EK_TILE);
    ca_case("q4, %zu rows of %zu", n, k);
    uint8_t *blocks = CA_NEW(uint8_t, n * groups * BLOCK_BYTES), *packed = CA_NEW(uint8_t, ek_packed_q4_bytes(n, k));
    float *scales = CA_NEW(float, ek_packed_q4_scales(n, k));
    for (size_t i = 0; i < n * groups * BLOCK_BYTES; i++)
        blocks[i] = (uint8_t)ca_random();
    ek_pack_q4(packed, scales, blocks, n, k);
    for (size_t i = 0; i < tiles * groups * EK_TILE; i++) { // each column of each group
        const size_t group = i / EK_TILE, row = group / groups * EK_TILE + i % EK_TILE;
        const uint8_t *block = blocks + (row * groups + group % groups) * BLOCK_BYTES;
        const float scale = row < n ? ek_half_to_float((uint16_t)(block[0] | block[1] << 8)) : 0.0f;
        ca_same_floats("scale", &scale, scales + i, 1, 1);
        for (size_t p = 0; p < EK_GROUP; p++) {
            const size_t vector = p / EK_QUAD % 4;
            const uint8_t byte = packed[((group * 4 + vector) * EK_TILE + i % EK_TILE) * EK_QUAD + p % EK_QUAD];
            const int code = p < EK_GROUP / 2 ? byte & 15 : byte >> 4;
            const int expected = row < n ? code_in_file(block, p) : 8;
            if (code != expected)
                ca_fail("code of row %zu, group %zu, input %zu is %d, should be %d", row, group % groups, p, code,
                        expected);
        }
    }
    ca_done();
}

// All halves, by moving the bits of exponent and fraction to where a float has them.
static void check_halves(void) {
    ca_case("all half-precision numbers");
    for (uint32_t half = 0; half < 0x10000; half++) {
        const uint32_t exponent = half >> 10 & 31, fraction = half & 1023;
        const uint32_t bits = (exponent == 31 ? 255u : exponent + 112) << 23 | fraction << 13;
        float expected;
        memcpy(&expected, &bits, sizeof expected);
        if (exponent == 0) // subnormal: multiples of 2^-24
            expected = (float)fraction * 0x1p-24f;
        expected = half & 0x8000 ? -expected : expected;
        const float got = ek_half_to_float((uint16_t)half);
        ca_same_floats("half", &expected, &got, 1, 1);
    }
    ca_done();
}

static void accuracy(const ek_table *ref) {
    static const size_t rows[] = {0, 1, 2, 15, 16, 17, 31, 33, 64, 97};
    static const size_t inputs[] = {1, 2, 3, 4, 5, 7, 8, 13, 32, 63, 64, 65, 97, 240, 384};
    (void)ref;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof inputs / sizeof *inputs; j++) {
            check_f32(rows[i], inputs[j]);
            check_q8(rows[i], inputs[j]);
            check_q4(rows[i], ek_round_up(inputs[j], EK_GROUP));
        }
    check_halves();
}

const ca_kernel ca_pack = {"pack", (size_t)CA_NO_SLOT, NULL, accuracy, NULL};
