// SPDX-License-Identifier: Apache-2.0
#include "mutate_gguf.h"

#include <string.h>

enum { MOST_FIELDS = 512, MOST_SPANS = 128, N_HEADER_BYTES = 24, STRING = 8, ARRAY = 9 };

typedef struct {
    size_t at;
    uint32_t bytes; // 4 or 8
} field;

typedef struct {
    size_t at, length; // of a key with its value, or of a tensor's entry
} span;

// Where things stand in a file that may be damaged: whatever can be made out of it.
typedef struct {
    field fields[MOST_FIELDS];
    span entries[MOST_SPANS], tensors[MOST_SPANS];
    size_t n_fields, n_entries, n_tensors;
    size_t header_bytes;
    uint64_t alignment;
} layout;

typedef struct {
    const uint8_t *data;
    size_t size, at;
    int is_over;
    layout *found;
} reader;

static uint64_t load(const uint8_t *data, uint32_t bytes) {
    uint64_t value = 0;
    memcpy(&value, data, bytes); // little-endian machines only, as libFuzzer's are
    return value;
}

static void store(uint8_t *data, uint32_t bytes, uint64_t value) { memcpy(data, &value, bytes); }

static void skip(reader *r, uint64_t n) {
    if (r->is_over || n > r->size - r->at)
        r->is_over = 1;
    else
        r->at += n;
}

static uint64_t note(reader *r, uint32_t bytes) {
    const size_t at = r->at;
    skip(r, bytes);
    if (r->is_over)
        return 0;
    if (r->found->n_fields < MOST_FIELDS)
        r->found->fields[r->found->n_fields++] = (field){at, bytes};
    return load(r->data + at, bytes);
}

static uint64_t value_bytes(uint64_t type) {
    static const uint8_t bytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < sizeof bytes ? bytes[type] : 0;
}

static void read_entry(reader *r) {
    const size_t began = r->at;
    const uint64_t key_bytes = note(r, 8);
    const int is_alignment = key_bytes == 17 && r->size - r->at >= 17 && memcmp(r->data + r->at, "general.alignment", 17) == 0;
    skip(r, key_bytes);
    uint64_t type = note(r, 4), count = 1;
    if (type == ARRAY) {
        type = note(r, 4);
        count = note(r, 8);
    }
    if (is_alignment && type == 4 && r->size - r->at >= 4)
        r->found->alignment = load(r->data + r->at, 4);
    if (type == STRING) {
        for (uint64_t i = 0; i < count && !r->is_over; i++)
            skip(r, note(r, 8));
    } else if (count < r->size) {
        if (count == 1 && value_bytes(type) >= 4)
            note(r, (uint32_t)value_bytes(type));
        else
            skip(r, count * value_bytes(type));
    } else {
        r->is_over = 1;
    }
    if (!r->is_over && r->found->n_entries < MOST_SPANS)
        r->found->entries[r->found->n_entries++] = (span){began, r->at - began};
}

static void read_tensor(reader *r) {
    const size_t began = r->at;
    skip(r, note(r, 8));
    const uint64_t n_dims = note(r, 4);
    for (uint64_t i = 0; i < n_dims && i < 8 && !r->is_over; i++)
        note(r, 8);
    note(r, 4);
    note(r, 8);
    if (!r->is_over && r->found->n_tensors < MOST_SPANS)
        r->found->tensors[r->found->n_tensors++] = (span){began, r->at - began};
}

static void find(layout *found, const uint8_t *data, size_t size) {
    found->n_fields = found->n_entries = found->n_tensors = 0;
    found->alignment = 32;
    reader r = {data, size, 0, 0, found};
    skip(&r, 4);
    note(&r, 4);
    const uint64_t n_tensors = note(&r, 8), n_entries = note(&r, 8);
    for (uint64_t i = 0; i < n_entries && !r.is_over; i++)
        read_entry(&r);
    for (uint64_t i = 0; i < n_tensors && !r.is_over; i++)
        read_tensor(&r);
    found->header_bytes = r.at;
}

static uint64_t next_random(uint64_t *state) { // xorshift
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

// Bytes of a tensor, for the types that the seeds use; 0 for others and for nonsense.
static uint64_t tensor_bytes(const uint8_t *entry) {
    static const struct {
        uint8_t type, weights, bytes;
    } blocks[] = {{0, 1, 4}, {1, 1, 2}, {2, 32, 18}, {8, 32, 34}, {24, 1, 1}, {30, 1, 2}};
    const uint8_t *at = entry + 8 + load(entry, 8);
    uint64_t n_dims = load(at, 4), weights = 1;
    if (n_dims > 4)
        return 0;
    for (at += 4; n_dims > 0; n_dims--, at += 8) {
        const uint64_t ne = load(at, 8);
        weights = ne < 4096 ? weights * ne : 0;
    }
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (blocks[i].type == load(at, 4))
            return weights / blocks[i].weights * blocks[i].bytes;
    return 0;
}

// Makes counts, data offsets and the file's size fit what is there, so that the parser gets far into it.
static size_t repair(uint8_t *data, size_t size, size_t most) {
    layout found;
    find(&found, data, size);
    if (size < N_HEADER_BYTES || found.alignment < 8 || found.alignment > 4096)
        return size;
    uint64_t next = 0;
    for (size_t i = 0; i < found.n_tensors; i++) {
        const span tensor = found.tensors[i];
        store(data + tensor.at + tensor.length - 8, 8, next);
        next += (tensor_bytes(data + tensor.at) + found.alignment - 1) / found.alignment * found.alignment;
    }
    const uint64_t wanted = (found.header_bytes + found.alignment - 1) / found.alignment * found.alignment + next;
    if (wanted > most)
        return size;
    if (wanted > size)
        memset(data + size, 0, wanted - size);
    return wanted;
}

static void set_field(uint8_t *data, size_t size, const layout *found, uint64_t *random) {
    const uint64_t values[] = {0, 1, 2, 3, 4, 7, 8, 9, 16, 24, 31, 32, 33, 255, 256, 65535, 65536, 65537, 16777216,
                               16777217, INT32_MAX, UINT32_MAX, 1ULL << 32, 1ULL << 40, 1ULL << 61, INT64_MAX,
                               1ULL << 63, UINT64_MAX, size, size - 1, size + 1, UINT64_MAX - size};
    const field f = found->fields[next_random(random) % found->n_fields];
    const uint64_t choice = next_random(random) % (sizeof values / sizeof *values + 8);
    uint64_t value = load(data + f.at, f.bytes);
    if (choice < sizeof values / sizeof *values)
        value = values[choice];
    else
        value += (choice % 8) - 4; // one or a few off
    store(data + f.at, f.bytes, value);
}

// Cuts a key or tensor out, or writes it twice. The header's count follows.
static size_t move_span(uint8_t *data, size_t size, size_t most, const layout *found, uint64_t *random) {
    const int is_tensor = found->n_entries == 0 || (found->n_tensors > 0 && next_random(random) % 2);
    const span *spans = is_tensor ? found->tensors : found->entries;
    const size_t n = is_tensor ? found->n_tensors : found->n_entries;
    uint8_t *count = data + (is_tensor ? 8 : 16);
    if (n == 0)
        return size;
    const span s = spans[next_random(random) % n];
    uint8_t *at = data + s.at;
    if (next_random(random) % 2) {
        memmove(at, at + s.length, size - s.at - s.length);
        store(count, 8, load(count, 8) - 1);
        return size - s.length;
    }
    if (size + s.length > most)
        return size;
    memmove(at + s.length, at, size - s.at); // the copy comes first
    store(count, 8, load(count, 8) + 1);
    return size + s.length;
}

size_t mutate_gguf(uint8_t *data, size_t size, size_t most, uint64_t seed, generic_mutator *generic) {
    uint64_t random = seed * 0x9E3779B97F4A7C15ULL + 1;
    const uint64_t choice = next_random(&random) % 8;
    layout found;
    find(&found, data, size);
    if (choice < 2 || size < N_HEADER_BYTES || found.n_fields == 0)
        size = generic(data, size, most);
    else if (choice < 6)
        set_field(data, size, &found, &random);
    else
        size = move_span(data, size, most, &found, &random);
    return next_random(&random) % 2 ? repair(data, size, most) : size;
}
