// SPDX-License-Identifier: Apache-2.0
#include "gguf.h"

#include <string.h>

enum {
    MAX_HEADER = 256 << 20,
    MAX_ENTRIES = 65536,
    MAX_NAME = 65535,
    MAX_STRING = 16 << 20,
    MAX_ELEMENTS = 16 << 20,
    MAX_DIMS = 4,
    MIN_ALIGNMENT = 8,
    MAX_ALIGNMENT = 65536,
    DEFAULT_ALIGNMENT = 32,
    UINT32_TYPE = 4,
    BOOL_TYPE = 7,
    N_VALUE_TYPES = 13,
};

static const uint8_t value_bytes[N_VALUE_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8}; // 0: not a fixed size

typedef struct {
    uint16_t elements, bytes; // of a block; 0 where the number is no type
} block_size;

// GGML's tensor types by number, the removed ones left out; block_of bounds the index.
static const block_size blocks[] = {
    [0] = {1, 4},      [1] = {1, 2},     [2] = {32, 18},    [3] = {32, 20},    [6] = {32, 22},    [7] = {32, 24},
    [8] = {32, 34},    [9] = {32, 36},   [10] = {256, 84},  [11] = {256, 110}, [12] = {256, 144}, [13] = {256, 176},
    [14] = {256, 210}, [15] = {256, 292}, [16] = {256, 66}, [17] = {256, 74},  [18] = {256, 98},  [19] = {256, 50},
    [20] = {32, 18},   [21] = {256, 110}, [22] = {256, 82}, [23] = {256, 136}, [24] = {1, 1},     [25] = {1, 2},
    [26] = {1, 4},     [27] = {1, 8},    [28] = {1, 8},     [29] = {256, 56},  [30] = {1, 2},     [34] = {256, 54},
    [35] = {256, 66},  [39] = {32, 17},  [40] = {64, 36},   [41] = {128, 18},
};

// No block above holds more weights than this in a byte.
enum { MAX_WEIGHTS_PER_BYTE = 8 };

static block_size block_of(uint32_t type) {
    return type < sizeof blocks / sizeof *blocks ? blocks[type] : (block_size){0, 0};
}

// With ew_gguf_next_string, the only code that touches file bytes. After the first failure every read gives zeros.
typedef struct {
    const uint8_t *start, *at, *end; // of the header, at most MAX_HEADER long
    uint64_t file_bytes;
    const uint8_t *field;   // where the last read began
    ew_gguf_string subject; // the key or tensor being read
    ew_gguf_error error;    // no problem while all is well
} cursor;

static cursor cursor_over(const uint8_t *data, size_t readable, uint64_t file_bytes) {
    const size_t header = readable < MAX_HEADER ? readable : MAX_HEADER;
    return (cursor){.start = data, .at = data, .field = data, .end = data + header, .file_bytes = file_bytes};
}

static void fail(cursor *c, const char *problem) {
    if (!c->error.problem)
        c->error = (ew_gguf_error){problem, (size_t)(c->field - c->start), c->subject, 0, 0};
}

static void fail_found(cursor *c, const char *problem, uint64_t found) {
    if (!c->error.problem)
        c->error = (ew_gguf_error){problem, (size_t)(c->field - c->start), c->subject, found, 1};
}

static const uint8_t *take(cursor *c, uint64_t n, const char *problem) {
    if (c->error.problem)
        return NULL;
    c->field = c->at;
    if (n > (uint64_t)(c->end - c->at)) {
        fail(c, problem);
        return NULL;
    }
    c->at += n;
    return c->field;
}

static uint64_t little_endian(const uint8_t *bytes, int n) {
    uint64_t value = 0;
    for (int i = 0; bytes && i < n; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static uint32_t take_u32(cursor *c, const char *problem) { return (uint32_t)little_endian(take(c, 4, problem), 4); }

static uint64_t take_u64(cursor *c, const char *problem) { return little_endian(take(c, 8, problem), 8); }

static ew_gguf_string take_string(cursor *c, uint64_t least, uint64_t most, const char *problem) {
    const uint64_t length = take_u64(c, problem);
    if (length < least || length > most)
        fail_found(c, problem, length);
    const uint8_t *bytes = take(c, length, problem);
    return bytes ? (ew_gguf_string){(const char *)bytes, (size_t)length} : (ew_gguf_string){"", 0};
}

static ew_gguf_string take_name(cursor *c, const char *problem) {
    c->subject = (ew_gguf_string){"", 0};
    c->subject = take_string(c, 1, MAX_NAME, problem);
    return c->subject;
}

static void take_elements(cursor *c, uint32_t type, uint64_t count) {
    if (type == EW_GGUF_STRING) {
        for (uint64_t i = 0; i < count && !c->error.problem; i++)
            take_string(c, 0, MAX_STRING, "a string of at most 16 MiB inside the file");
        return;
    }
    if (type >= N_VALUE_TYPES || value_bytes[type] == 0) {
        fail_found(c, "a known value type (arrays of arrays are not)", type);
        return;
    }
    const uint8_t *bytes = take(c, count * value_bytes[type], "a value inside the file");
    for (uint64_t i = 0; type == BOOL_TYPE && bytes && i < count; i++)
        if (bytes[i] > 1)
            fail_found(c, "booleans of 0 or 1", bytes[i]);
}

static ew_gguf_entry take_entry(cursor *c) {
    ew_gguf_entry entry = {.count = 1};
    entry.key = take_name(c, "a key of 1 to 65535 bytes inside the file");
    entry.type = entry.element_type = take_u32(c, "a value type");
    if (entry.type == EW_GGUF_ARRAY) {
        entry.element_type = take_u32(c, "an element type");
        entry.count = take_u64(c, "an array length");
        if (entry.count > MAX_ELEMENTS)
            fail_found(c, "an array of at most 16 M elements", entry.count);
    }
    entry.payload = c->at;
    if (!c->error.problem)
        take_elements(c, entry.element_type, entry.count);
    entry.payload_bytes = (size_t)(c->at - entry.payload);
    return entry;
}

static int is_alignment(const ew_gguf_entry *entry) {
    static const char key[] = "general.alignment";
    return entry->key.length == sizeof key - 1 && memcmp(entry->key.bytes, key, sizeof key - 1) == 0;
}

static uint32_t alignment_of(cursor *c, const ew_gguf_entry *entry) {
    if (entry->type != UINT32_TYPE) {
        fail_found(c, "an alignment of value type 4 (uint32)", entry->type);
        return DEFAULT_ALIGNMENT;
    }
    const uint32_t alignment = (uint32_t)little_endian(entry->payload, 4);
    if (alignment < MIN_ALIGNMENT || alignment > MAX_ALIGNMENT || (alignment & (alignment - 1)) != 0) {
        fail_found(c, "an alignment that is a power of two from 8 to 65536", alignment);
        return DEFAULT_ALIGNMENT;
    }
    return alignment;
}

static uint64_t padded(uint64_t n, uint32_t alignment) { return (n + alignment - 1) / alignment * alignment; }

// Weights of a tensor, whose shape is at the cursor; 0 after a failure.
static uint64_t take_shape(cursor *c, ew_gguf_tensor *tensor) {
    tensor->n_dims = take_u32(c, "a number of dimensions");
    if (tensor->n_dims > MAX_DIMS)
        fail_found(c, "at most 4 dimensions", tensor->n_dims);
    const uint64_t most = c->file_bytes * MAX_WEIGHTS_PER_BYTE; // no overflow: addresses have at most 57 bits
    uint64_t elements = 1;
    for (uint32_t i = 0; i < tensor->n_dims && !c->error.problem; i++) {
        const uint64_t ne = take_u64(c, "a dimension");
        if (ne == 0 || ne > most / elements)
            fail_found(c, "dimensions of at least 1 whose product fits the file", ne);
        else
            elements *= tensor->ne[i] = ne;
    }
    return c->error.problem ? 0 : elements;
}

// A tensor's name, shape and place; *next is where its data must start, counted from the data section, and moves past
// it. The data's end may still lie outside the file: take_all sees to that when it knows where the section starts.
static ew_gguf_tensor take_tensor(cursor *c, uint32_t alignment, uint64_t *next) {
    ew_gguf_tensor tensor = {.ne = {1, 1, 1, 1}};
    tensor.name = take_name(c, "a tensor name of 1 to 65535 bytes inside the file");
    const uint64_t elements = take_shape(c, &tensor);
    tensor.type = take_u32(c, "a tensor type");
    const block_size block = block_of(tensor.type);
    if (block.elements == 0)
        fail_found(c, "a known tensor type", tensor.type);
    else if (tensor.ne[0] % block.elements != 0)
        fail_found(c, "a tensor type whose blocks divide the rows", tensor.type);
    tensor.data_start = take_u64(c, "a data offset");
    if (c->error.problem)
        return tensor;
    tensor.data_bytes = elements / block.elements * block.bytes;
    if (tensor.data_start != *next)
        fail_found(c, "data right after the tensor before it", tensor.data_start);
    else if (tensor.data_bytes > c->file_bytes || tensor.data_start > c->file_bytes)
        fail_found(c, "data inside the file", tensor.data_bytes);
    else
        *next = padded(tensor.data_start + tensor.data_bytes, alignment);
    return tensor;
}

static void take_header(cursor *c, ew_gguf_info *info) {
    const uint8_t *magic = take(c, 4, "GGUF, the magic bytes");
    if (magic && memcmp(magic, "GGUF", 4) != 0)
        fail(c, "GGUF, the magic bytes");
    info->version = take_u32(c, "a version");
    if (info->version != 2 && info->version != 3)
        fail_found(c, "version 2 or 3, little-endian", info->version);
    info->n_tensors = take_u64(c, "a number of tensors");
    if (info->n_tensors > MAX_ENTRIES)
        fail_found(c, "at most 65536 tensors", info->n_tensors);
    info->n_entries = take_u64(c, "a number of keys");
    if (info->n_entries > MAX_ENTRIES)
        fail_found(c, "at most 65536 keys", info->n_entries);
}

static void stop_if(cursor *c, int stopped) {
    if (stopped)
        fail(c, "the visitor to go on");
}

static void take_all(cursor *c, ew_gguf_info *info, const ew_gguf_visitor *visitor) {
    *info = (ew_gguf_info){.alignment = DEFAULT_ALIGNMENT};
    take_header(c, info);
    for (uint64_t i = 0; i < info->n_entries && !c->error.problem; i++) {
        const ew_gguf_entry entry = take_entry(c);
        if (!c->error.problem && is_alignment(&entry))
            info->alignment = alignment_of(c, &entry);
        if (!c->error.problem && visitor)
            stop_if(c, visitor->entry(visitor->context, &entry) != 0);
    }
    // Where data lies is counted from the data section's start, which is known only after the last tensor's entry.
    cursor entries = *c;
    uint64_t next = 0, last_end = 0;
    for (uint64_t i = 0; i < info->n_tensors && !c->error.problem; i++) {
        const ew_gguf_tensor tensor = take_tensor(c, info->alignment, &next);
        last_end = tensor.data_start + tensor.data_bytes;
    }
    const uint64_t header_end = (uint64_t)(c->at - c->start);
    info->data_start = padded(header_end, info->alignment);
    // Padding after the last byte that counts may be there or not; more than that may not.
    const uint64_t least = info->n_tensors > 0 ? info->data_start + last_end : header_end;
    if (c->file_bytes < least || c->file_bytes > info->data_start + next) {
        c->subject = (ew_gguf_string){"", 0};
        fail_found(c, "a size that ends with its last tensor", c->file_bytes);
    }
    next = 0;
    for (uint64_t i = 0; visitor && i < info->n_tensors && !c->error.problem; i++) {
        ew_gguf_tensor tensor = take_tensor(&entries, info->alignment, &next);
        tensor.data_start += info->data_start;
        if (entries.error.problem) // the bytes have changed since
            c->error = entries.error;
        else
            stop_if(c, visitor->tensor(visitor->context, &tensor) != 0);
    }
}

int ew_gguf_walk_header(const uint8_t *header, size_t header_bytes, uint64_t file_bytes, const ew_gguf_visitor *visitor,
                        ew_gguf_info *info, ew_gguf_error *error) {
    cursor c = cursor_over(header, header_bytes, file_bytes);
    take_all(&c, info, visitor);
    *error = c.error;
    return c.error.problem ? -1 : 0;
}

int ew_gguf_check(const uint8_t *data, size_t size, ew_gguf_info *info, ew_gguf_error *error) {
    return ew_gguf_walk_header(data, size, size, NULL, info, error);
}

int ew_gguf_walk(const uint8_t *data, size_t size, const ew_gguf_visitor *visitor) {
    ew_gguf_info info;
    ew_gguf_error error;
    return ew_gguf_walk_header(data, size, size, visitor, &info, &error);
}

int ew_gguf_next_string(const uint8_t **at, const uint8_t *end, ew_gguf_string *string) {
    if (end - *at < 8)
        return -1;
    const uint64_t length = little_endian(*at, 8);
    if (length > (uint64_t)(end - *at) - 8)
        return -1;
    *string = (ew_gguf_string){(const char *)*at + 8, (size_t)length};
    *at += 8 + length;
    return 0;
}
