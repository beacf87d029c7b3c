// SPDX-License-Identifier: Apache-2.0
#ifndef FUZZ_RANDOM_H
#define FUZZ_RANDOM_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t next_random(uint64_t *state) { // xorshift64*
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1DULL;
}

// From 0 to n - 1.
static inline size_t below(uint64_t *state, size_t n) { return (size_t)((next_random(state) >> 33) % n); }

#endif
