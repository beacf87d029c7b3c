// SPDX-License-Identifier: Apache-2.0
// Mutations that know where a GGUF file keeps its counts, lengths, types, dimensions and offsets.
#ifndef MUTATE_GGUF_H
#define MUTATE_GGUF_H

#include <stddef.h>
#include <stdint.h>

// Changes any bytes at all; returns the new size.
typedef size_t generic_mutator(uint8_t *data, size_t size, size_t most);

// Changes one thing about a file of `size` bytes in a buffer of `most`: a field, a key or tensor, or whatever `generic`
// does; then, half of the time, makes sizes and offsets agree again. The same seed does the same. Returns the new size.
size_t mutate_gguf(uint8_t *data, size_t size, size_t most, uint64_t seed, generic_mutator *generic);

#endif
