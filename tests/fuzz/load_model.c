// SPDX-License-Identifier: Apache-2.0
// GGUF bytes into the engine: what edge/gguf and edge/whisper/file prove of a file before edge/whisper/engines/native.py
// hands it over, and what kernels/python proves of each argument, once more in C.
#include <math.h>
#include <string.h>

#include "../../kernels/ops/attention/attention.h"
#include "../../kernels/engine/memory.h"
#include "../../kernels/gguf/gguf.h"
#include "small_model.h"

enum { UINT32 = 4, INT32 = 5, FLOAT32 = 6, MOST_ENTRIES = 64, MOST_TENSORS = 2 * MOST_PARTS, Q4_0_BYTES = 18 };

typedef struct {
    const uint8_t *data;
    ew_gguf_entry entries[MOST_ENTRIES];
    ew_gguf_tensor tensors[MOST_TENSORS];
    size_t n_entries, n_tensors;
} directory;

static int see_entry(void *context, const ew_gguf_entry *entry) {
    directory *seen = context;
    if (seen->n_entries == MOST_ENTRIES)
        return -1;
    seen->entries[seen->n_entries++] = *entry;
    return 0;
}

static int see_tensor(void *context, const ew_gguf_tensor *tensor) {
    directory *seen = context;
    if (seen->n_tensors == MOST_TENSORS)
        return -1;
    seen->tensors[seen->n_tensors++] = *tensor;
    return 0;
}

static int is_called(ew_gguf_string string, const char *name) {
    return string.length == strlen(name) && memcmp(string.bytes, name, string.length) == 0;
}

static const ew_gguf_entry *entry_of(const directory *file, const char *key) {
    for (size_t i = 0; i < file->n_entries; i++)
        if (is_called(file->entries[i].key, key))
            return &file->entries[i];
    return NULL;
}

static const ew_gguf_tensor *tensor_of(const directory *file, const char *name, const char *suffix) {
    char whole[96];
    strcat(strcpy(whole, name), suffix);
    for (size_t i = 0; i < file->n_tensors; i++)
        if (is_called(file->tensors[i].name, whole))
            return &file->tensors[i];
    return NULL;
}

// A copy that ends where the array does, so that reading on is seen; NULL and no elements where there is none.
static void *array_of(const directory *file, const char *key, uint32_t type, size_t most, size_t *n) {
    const ew_gguf_entry *entry = entry_of(file, key);
    *n = 0;
    if (!entry || entry->type != EW_GGUF_ARRAY || entry->element_type != type || entry->count > most)
        return NULL;
    *n = (size_t)entry->count;
    void *copy = malloc(4 * *n);
    return copy ? memcpy(copy, entry->payload, 4 * *n) : NULL;
}

static int read_sizes(const directory *file, model_sizes *sizes) {
    for (size_t i = 0; i < N_DIMS; i++) {
        const ew_gguf_entry *entry = entry_of(file, dim_keys[i]);
        uint32_t value;
        if (!entry || entry->type != UINT32)
            return -1;
        memcpy(&value, entry->payload, sizeof value);
        *dim_of(sizes, i) = value;
    }
    sizes->is_compressed = entry_of(file, shape_keys[0]) != NULL;
    for (size_t which = 0; sizes->is_compressed && which < N_SHAPES; which++) {
        size_t n;
        int32_t *numbers = array_of(file, shape_keys[which], INT32, MOST_LAYERS, &n);
        for (size_t i = 0; i < n; i++)
            *shape_of(&sizes->layers[i], which) = (size_t)(int64_t)numbers[i];
        free(numbers);
        if (n != sizes->dims.n_audio_layer)
            return -1;
    }
    sizes->n_bands = tensor_of(file, "dec.token_embd.rare", ".weight") ? 3 : 1;
    static const char *const bands[] = {"dec.token_embd", "dec.token_embd.rare", "dec.token_embd.special"};
    for (size_t i = 0; i < sizes->n_bands; i++) {
        const ew_gguf_tensor *tensor = tensor_of(file, bands[i], ".weight");
        sizes->band_rows[i] = tensor && tensor->n_dims == 2 ? (size_t)tensor->ne[1] : 0;
    }
    return 0;
}

static int are_finite(const float *values, size_t n, float least) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]) || values[i] < least)
            return 0;
    return 1;
}

static int are_sound(const ew_gguf_tensor *tensor, const void *copy) {
    const int8_t *codes = copy;
    if (tensor->type == F32)
        return are_finite(copy, (size_t)tensor->data_bytes / 4, -INFINITY);
    for (size_t i = 0; tensor->type == I8 && i < tensor->data_bytes; i++)
        if (codes[i] == -128)
            return 0;
    for (size_t i = 1; tensor->type == Q4_0 && i < tensor->data_bytes; i += Q4_0_BYTES)
        if ((codes[i] & 0x7c) == 0x7c)
            return 0; // the scale's exponent: infinity or NaN
    return 1;
}

// The bytes of a tensor of n rows of k, in an allocation of their own; NULL where it is another.
static void *copy_of(const directory *file, const ew_gguf_tensor *tensor, size_t n, size_t k) {
    if (!tensor || tensor->ne[2] != 1 || tensor->ne[3] != 1 || (k ? tensor->ne[0] != k || tensor->ne[1] != n : 0) ||
        (!k && (tensor->ne[0] != n || tensor->ne[1] != 1 || tensor->type != F32)))
        return NULL;
    void *copy = malloc((size_t)tensor->data_bytes);
    if (copy && !are_sound(tensor, memcpy(copy, file->data + tensor->data_start, (size_t)tensor->data_bytes))) {
        free(copy);
        return NULL;
    }
    return copy;
}

static int load_rows(ew_model *model, const directory *file, const model_part *part) {
    const ew_gguf_tensor *tensor = tensor_of(file, part->tensor, "");
    ew_linear *linear = ew_model_linear(model, part->name, part->layer);
    if (!tensor || !linear || linear->k != part->k || part->first % EK_TILE || part->first > linear->n ||
        part->n > linear->n - part->first || part->n == 0 || (tensor->type == Q4_0 && part->k % EK_GROUP))
        return -1;
    const ew_type type = tensor->type == F32    ? EW_F32
                         : tensor->type == I8   ? EW_Q8
                         : tensor->type == Q4_0 ? EW_Q4
                                                : EW_EMPTY;
    if (type == EW_EMPTY)
        return -1;
    void *weights = copy_of(file, tensor, part->n, part->k);
    float *scale = type == EW_Q8 ? copy_of(file, tensor_of(file, part->tensor, "_scale"), part->n, 0) : NULL;
    int status = -1;
    if (weights && (type != EW_Q8 || (scale && are_finite(scale, part->n, 0.0f))))
        status = ew_linear_fill(linear, part->first, part->n, type, weights, scale) == EW_OK ? 0 : -1;
    free(weights);
    free(scale);
    return status;
}

static int load_floats(ew_model *model, const directory *file, const model_part *part) {
    size_t n = 0;
    float *values = copy_of(file, tensor_of(file, part->tensor, ""), part->n, 0);
    float *target = ew_model_floats(model, part->name, part->layer, &n);
    const int fits = values && target && part->first <= n && part->n <= n - part->first;
    if (fits)
        memcpy(target + part->first, values, part->n * sizeof *values);
    free(values);
    return fits ? 0 : -1;
}

static void load_alignment_heads(ew_model *model, const directory *file) {
    const ew_dims *dims = &model->dims;
    size_t n;
    int32_t *heads = array_of(file, "edgewise.alignment_heads", INT32, 2 * dims->n_text_layer * dims->n_text_head, &n);
    int sound = heads != NULL && n % 2 == 0;
    for (size_t i = 0; sound && i < n; i++)
        sound = heads[i] >= 0 && (size_t)heads[i] < (i % 2 ? dims->n_text_head : dims->n_text_layer);
    int32_t *copy = sound ? ew_alloc(n * sizeof *copy) : NULL;
    if (copy) {
        memcpy(copy, heads, n * sizeof *copy);
        model->alignment_heads = copy;
        model->n_alignment_heads = n / 2;
    }
    free(heads);
}

static void load_tail(ew_model *model, const directory *file) {
    const ew_dims *dims = &model->dims;
    size_t n, n_counts, n_local, n_contexts;
    int32_t *positions = array_of(file, "edgewise.tail.positions", INT32, dims->n_audio_ctx, &n);
    int32_t *counts = array_of(file, "edgewise.tail.counts", INT32, dims->n_audio_ctx, &n_counts);
    int32_t *heads = array_of(file, "edgewise.tail.local_heads", INT32, dims->n_audio_head, &n_local);
    float *contexts = array_of(file, "edgewise.tail.contexts", FLOAT32, 1 << 20, &n_contexts);
    int sound = positions && counts && heads && contexts && n_counts == n && n_contexts == n * n_local * EK_HEAD;
    for (size_t i = 0; sound && i < n; i++)
        sound = positions[i] >= 0 && (size_t)positions[i] < dims->n_audio_ctx &&
                (i == 0 || positions[i] > positions[i - 1]) && counts[i] >= 1 && (size_t)counts[i] <= dims->n_audio_ctx;
    for (size_t i = 0; sound && i < n_local; i++)
        sound = heads[i] >= 0 && (size_t)heads[i] < dims->n_audio_head;
    if (sound && are_finite(contexts, n_contexts, -INFINITY))
        model->tail = ew_tail_new(n, positions, counts, n_local, heads, contexts);
    free(positions);
    free(counts);
    free(heads);
    free(contexts);
}

// Mostly a fast one: they differ from the reference in what checkasm checks.
static const ek_table *random_table(uint64_t *random) {
    for (;;) {
        const enum ek_level level = (enum ek_level)below(random, EK_N_LEVELS);
        if (ek_level_supported(level) && (level != EK_REF || ek_level_best() == EK_REF || below(random, 64) == 0))
            return ek_table_of(level);
    }
}

// Everything that has a name; 0, or -1 where something does not fit. Convolutions are taken as they lie: other weights,
// the same sizes.
static int fill(ew_model *model, const directory *file, const model_sizes *sizes) {
    static model_plan plan;
    plan_model(&plan, sizes);
    for (size_t i = 0; i < plan.n; i++) {
        const model_part *part = &plan.parts[i];
        if (part->is_optional && !tensor_of(file, part->tensor, ""))
            continue;
        if ((part->k ? load_rows : load_floats)(model, file, part) != 0)
            return -1;
    }
    load_alignment_heads(model, file);
    load_tail(model, file);
    return ew_model_missing(model) ? -1 : 0;
}

ew_model *load_small_model(const uint8_t *data, size_t size, int n_threads, uint64_t *random, load_end *end) {
    static directory file;
    ew_gguf_info info;
    ew_gguf_error error;
    model_sizes sizes = {0};
    file.data = data;
    file.n_entries = file.n_tensors = 0;
    const ew_gguf_visitor visitor = {&file, see_entry, see_tensor};
    *end = NO_GGUF;
    if (ew_gguf_check(data, size, &info, &error) != 0 || ew_gguf_walk(data, size, &visitor) != 0)
        return NULL;
    *end = REFUSED;
    if (read_sizes(&file, &sizes) != 0 || !ew_dims_sound(&sizes.dims) || sizes.dims.n_audio_layer > MOST_LAYERS ||
        sizes.dims.n_text_layer > MOST_LAYERS)
        return NULL;
    const ew_gguf_tensor *queries = tensor_of(&file, "enc.blocks.0.attn.q", ".weight");
    const int int8_attention = (queries && queries->type != F32) ^ (below(random, 8) == 0);
    ew_model *model = ew_model_new(&sizes.dims, random_table(random), n_threads, int8_attention);
    int status = model ? 0 : -1;
    for (size_t i = 0; status == 0 && sizes.is_compressed && i < sizes.dims.n_audio_layer; i++)
        status = ew_model_shape_layer(model, i, &sizes.layers[i]) == EW_OK ? 0 : -1;
    if (status == 0 && sizes.n_bands > 1)
        status = ew_model_split_vocabulary(model, sizes.band_rows[0], sizes.band_rows[1]) == EW_OK ? 0 : -1;
    if (status == 0)
        status = fill(model, &file, &sizes);
    if (status == 0) {
        *end = LOADED;
        return model;
    }
    ew_model_free(model);
    return NULL;
}
