// SPDX-License-Identifier: Apache-2.0
// Small models as GGUF bytes, in types that differ from tensor to tensor.
#include <string.h>

#include "../../kernels/gguf/gguf.h"
#include "small_model.h"

enum { UINT32 = 4, INT32 = 5, FLOAT32 = 6, ALIGNMENT = 32, N_POOL = 1 << 20, Q4_0_BYTES = 18 };

typedef struct {
    uint8_t *start, *at, *end;
    int is_full;
    uint64_t n_entries, n_tensors, data_bytes;
} writer;

// Weights of every type: random numbers made once. Making them anew for each file would take most of the time.
static int8_t codes[N_POOL];
static float floats[N_POOL];

static void fill_pools(uint64_t *random) {
    for (size_t i = 0; i < N_POOL && !floats[0]; i++)
        codes[i] = (int8_t)(below(random, 255) - 127);
    for (size_t i = N_POOL; i-- > 0 && !floats[0];)
        floats[i] = ((float)below(random, 2001) - 1000.0f) / 4000.0f + (i == 0 ? 1.0f : 0.0f);
}

static void put(writer *w, const void *bytes, size_t n) {
    w->is_full |= n > (size_t)(w->end - w->at);
    if (!w->is_full) {
        memcpy(w->at, bytes, n);
        w->at += n;
    }
}

static void put_u32(writer *w, uint32_t value) { put(w, &value, sizeof value); }
static void put_u64(writer *w, uint64_t value) { put(w, &value, sizeof value); }

static void put_string(writer *w, const char *string) {
    put_u64(w, strlen(string));
    put(w, string, strlen(string));
}

static void put_number(writer *w, const char *key, uint32_t value) {
    put_string(w, key);
    put_u32(w, UINT32);
    put_u32(w, value);
    w->n_entries++;
}

static void put_array(writer *w, const char *key, uint32_t type, const void *values, size_t n) {
    put_string(w, key);
    put_u32(w, EW_GGUF_ARRAY);
    put_u32(w, type);
    put_u64(w, n);
    put(w, values, 4 * n); // all types here are of 4 bytes
    w->n_entries++;
}

static void put_keys(writer *w, model_sizes *sizes, uint64_t *random) {
    int32_t numbers[1024], counts[1024];
    const size_t layers = ek_min(sizes->dims.n_audio_layer, MOST_LAYERS);
    for (size_t i = 0; i < N_DIMS; i++)
        put_number(w, dim_keys[i], (uint32_t)*dim_of(sizes, i));
    for (size_t which = 0; sizes->is_compressed && which < N_SHAPES; which++) {
        for (size_t i = 0; i < layers; i++)
            numbers[i] = (int32_t)*shape_of(&sizes->layers[i], which);
        put_array(w, shape_keys[which], INT32, numbers, layers);
    }
    const size_t heads = ek_max(1, sizes->dims.n_text_head), n_pairs = ek_min(sizes->n_alignment_heads, 512);
    for (size_t i = 0; i < n_pairs; i++) {
        numbers[2 * i] = (int32_t)(i / heads);
        numbers[2 * i + 1] = (int32_t)(i % heads);
    }
    put_array(w, "edgewise.alignment_heads", INT32, numbers, 2 * n_pairs);
    if (sizes->n_landmarks > 0) { // positions in ascending order
        const size_t n = ek_min(sizes->n_landmarks, 1024);
        const size_t slack = sizes->dims.n_audio_ctx > n ? sizes->dims.n_audio_ctx - n : 0;
        const size_t first = below(random, slack + 1), n_local = ek_min(sizes->n_local, 1024);
        for (size_t i = 0; i < n; i++) {
            numbers[i] = (int32_t)(first + i);
            counts[i] = (int32_t)(1 + below(random, ek_max(1, sizes->dims.n_audio_ctx)));
        }
        put_array(w, "edgewise.tail.positions", INT32, numbers, n);
        put_array(w, "edgewise.tail.counts", INT32, counts, n);
        for (size_t i = 0; i < n_local; i++)
            numbers[i] = (int32_t)i;
        put_array(w, "edgewise.tail.local_heads", INT32, numbers, n_local);
        put_array(w, "edgewise.tail.contexts", FLOAT32, floats, ek_min(n * n_local * 64, N_POOL));
    }
}

typedef struct {
    char name[80];
    uint32_t type;
    size_t n, k, bytes;
} stored;

static void put_tensor(writer *w, const stored *tensor) {
    put_string(w, tensor->name);
    put_u32(w, tensor->k ? 2 : 1);
    if (tensor->k)
        put_u64(w, tensor->k);
    put_u64(w, tensor->n);
    put_u32(w, tensor->type);
    put_u64(w, w->data_bytes);
    w->data_bytes += ek_round_up(tensor->bytes, ALIGNMENT);
    w->n_tensors++;
}

static size_t choose_tensors(stored *tensors, const model_plan *plan, uint64_t *random) {
    static const uint32_t types[] = {I8, I8, Q4_0, F32};
    const uint32_t favourite = types[below(random, 4)];
    uint32_t type = favourite;
    size_t n = 0;
    for (size_t i = 0; i < plan->n; i++) {
        const model_part *part = &plan->parts[i];
        if (part->is_optional && below(random, 4) == 0)
            continue;
        if (part->k && (part->first == 0 || below(random, 64) == 0)) // the parts of a linear mostly agree
            type = below(random, 8) ? favourite : types[below(random, 4)];
        stored *tensor = &tensors[n++];
        *tensor = (stored){.type = part->k == 0 ? F32 : type, .n = part->n, .k = part->k};
        memcpy(tensor->name, part->tensor, sizeof part->tensor);
        if (tensor->type == Q4_0 && part->k % EK_GROUP)
            tensor->type = I8;
        const size_t cells = part->n * ek_max(1, part->k);
        tensor->bytes = tensor->type == F32 ? 4 * cells : tensor->type == I8 ? cells : cells / EK_GROUP * Q4_0_BYTES;
        if (tensor->type == I8) {
            stored *scale = &tensors[n++];
            *scale = (stored){.type = F32, .n = part->n, .bytes = 4 * part->n};
            memcpy(scale->name, tensor->name, sizeof part->tensor);
            strcat(scale->name, "_scale");
        }
    }
    return n;
}

static void put_data(writer *w, const stored *tensor, uint64_t *random) {
    const size_t padded = ek_round_up(tensor->bytes, ALIGNMENT);
    if (tensor->n > N_POOL || tensor->k > N_POOL || padded > N_POOL || padded > (size_t)(w->end - w->at)) {
        w->is_full = 1;
        return;
    }
    const size_t from = below(random, N_POOL - padded + 1);
    if (tensor->type == F32)
        memcpy(w->at, (const uint8_t *)floats + from / 4 * 4, padded);
    else
        memcpy(w->at, codes + from, padded);
    for (size_t i = 0; strstr(tensor->name, "scale") && i < tensor->n; i++) // scales are not below 0
        w->at[4 * i + 3] &= 0x7f;
    for (size_t at = 1; tensor->type == Q4_0 && at < tensor->bytes; at += Q4_0_BYTES)
        w->at[at] &= 0xb3; // half-precision scales below 1
    w->at += padded;
}

size_t write_small_model(uint8_t *out, size_t most, model_sizes *sizes, uint64_t *random) {
    static model_plan plan;
    static stored tensors[2 * MOST_PARTS];
    writer w = {.start = out, .at = out, .end = out + most};
    fill_pools(random);
    plan_model(&plan, sizes);
    put(&w, "GGUF", 4);
    put_u32(&w, 3);
    put_u64(&w, 0);
    put_u64(&w, 0);
    put_keys(&w, sizes, random);
    const size_t n = choose_tensors(tensors, &plan, random);
    for (size_t i = 0; i < n; i++)
        put_tensor(&w, &tensors[i]);
    static const uint8_t zeros[ALIGNMENT];
    put(&w, zeros, (size_t)(-(uintptr_t)(w.at - w.start)) % ALIGNMENT);
    for (size_t i = 0; i < n && !w.is_full; i++)
        put_data(&w, &tensors[i], random);
    if (w.is_full)
        return 0;
    memcpy(out + 8, &w.n_tensors, 8);
    memcpy(out + 16, &w.n_entries, 8);
    return (size_t)(w.at - w.start);
}
