// SPDX-License-Identifier: Apache-2.0
// Small Whisper models of any sizes: as GGUF bytes, and from GGUF bytes into the engine by edge/whisper/file's rules.
#ifndef SMALL_MODEL_H
#define SMALL_MODEL_H

#include "../../kernels/engine/whisper/model.h"
#include "random.h"

enum { MOST_LAYERS = 4, MOST_PARTS = 512 };

// GGML's numbers of the tensor types that the engine runs without a change.
enum { F32 = 0, Q4_0 = 2, I8 = 24 };

// What a file claims; a written file's tensors are as these sizes say, sound or not.
typedef struct {
    ew_dims dims;
    ew_layer_shape layers[MOST_LAYERS];
    int is_compressed;           // the layers' shapes are told
    size_t n_bands, band_rows[3]; // of the vocabulary; 1 band: all rows
    size_t n_alignment_heads, n_landmarks, n_local;
} model_sizes;

// A tensor of the file and where in the engine it goes: rows `first` .. first + n of a linear with k inputs, or where k
// is 0, n floats from `first` on.
typedef struct {
    char tensor[64], name[40];
    size_t layer, first, n, k;
    int is_optional;
} model_part;

typedef struct {
    model_part parts[MOST_PARTS];
    size_t n;
} model_plan;

// Every tensor of a model of these sizes, of at most MOST_LAYERS layers.
void plan_model(model_plan *plan, const model_sizes *sizes);

model_sizes random_sizes(uint64_t *random);
void change_a_size(model_sizes *sizes, uint64_t *random);

// The sizes as whole numbers, and the file's names for them.
enum { N_DIMS = 10, N_SHAPES = 5 };
extern const char *const dim_keys[N_DIMS], *const shape_keys[N_SHAPES];
size_t *dim_of(model_sizes *sizes, size_t which);
size_t *shape_of(ew_layer_shape *shape, size_t which);

// Bytes written, 0 where they are more than `most`. The same sizes and random numbers give the same bytes.
size_t write_small_model(uint8_t *out, size_t most, model_sizes *sizes, uint64_t *random);

typedef enum { LOADED, NO_GGUF, REFUSED, N_ENDS } load_end;

// A complete model on one of this processor's levels; NULL where *end is not LOADED.
ew_model *load_small_model(const uint8_t *data, size_t size, int n_threads, uint64_t *random, load_end *end);

#endif
