// SPDX-License-Identifier: Apache-2.0
#include "gguf.h"

#include <string.h>

enum {
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

// GGML's tensor types by number; type_block bounds the index.
static const block_size blocks[] = {
    [0] = {1, 4},      [1] = {1, 2},      [2] = {32, 18},    [3] = {32, 20},    [6] = {32, 22},
    [7] = {32, 24},    [8] = {32, 34},    [9] = {32, 36},    [10] = {256, 84},  [11] = {256, 110},
    [12] = {256, 144}, [13] = {256, 176}, [14] = {256, 210}, [15] = {256, 292}, [24] = {1, 1},
    [25] = {1, 2},     [26] = {1, 4},     [27] = {1, 8},     [28] = {1, 8},     [30] = {1, 2},
};

static block_size type_block(uint32_t type) {
    return type < sizeof blocks / sizeof *blocks ? blocks[type] : (block_size){0, 0};
}

// The only code that touches file bytes. After the first failure every read gives zeros.
typedef struct {
    const uint8_t *start, *at, *end;
    const char *problem; // NULL while all is well
    const uint8_t *problem_at;
} cursor;

static int fail(cursor *c, const char *problem) {
    if (!c->problem) {
        c->problem = problem;
        c->problem_at = c->at;
    }
    return -1;
}

static const uint8_t *take(cursor *c, uint64_t n, const char *problem) {
    if (c->problem || n > (uint64_t)(c->end - c->at)) {
        fail(c, problem);
        return NULL;
    }
    const uint8_t *bytes = c->at;
    c->at += n;
    return bytes;
}

static uint32_t take_u32(cursor *c, const char *problem) {
    const uint8_t *b = take(c, 4, problem);
    return b ? (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24 : 0;
}

static uint64_t take_u64(cursor *c, const char *problem) {
    const uint64_t low = take_u32(c, problem);
    return low | (uint64_t)take_u32(c, problem) << 32;
}

static ew_gguf_string take_string(cursor *c, uint64_t most, const char *problem) {
    const uint64_t length = take_u64(c, problem);
    if (length > most) {
        fail(c, problem);
        return (ew_gguf_string){"", 0};
    }
    const uint8_t *bytes = take(c, length, problem);
    return bytes ? (ew_gguf_string){(const char *)bytes, (size_t)length} : (ew_gguf_string){"", 0};
}

static void take_elements(cursor *c, uint32_t type, uint64_t count) {
    if (type == EW_GGUF_STRING) {
        for (uint64_t i = 0; i < count && !c->problem; i++)
            take_string(c, MAX_STRING, "a string of at most 16 MiB inside the file");
        return;
    }
    if (type >= N_VALUE_TYPES || value_bytes[type] == 0) {
        fail(c, "a known value type (arrays of arrays are not)");
        return;
    }
    const uint8_t *bytes = take(c, count * value_bytes[type], "a value inside the file");
    for (uint64_t i = 0; type == BOOL_TYPE && bytes && i < count; i++)
        if (bytes[i] > 1)
            fail(c, "a boolean of 0 or 1");
}

static ew_gguf_entry take_entry(cursor *c) {
    ew_gguf_entry entry = {.count = 1};
    entry.key = take_string(c, MAX_NAME, "a key of 1 to 65535 bytes inside the file");
    if (entry.key.length == 0)
        fail(c, "a key of 1 to 65535 bytes inside the file");
    entry.type = entry.element_type = take_u32(c, "a value type");
    if (entry.type == EW_GGUF_ARRAY) {
        entry.element_type = take_u32(c, "an element type");
        entry.count = take_u64(c, "an array length");
        if (entry.count > MAX_ELEMENTS)
            fail(c, "an array of at most 16 M elements");
    }
    entry.payload = c->at;
    if (!c->problem)
        take_elements(c, entry.element_type, entry.count);
    entry.payload_bytes = (size_t)(c->at - entry.payload);
    return entry;
}

static int is_alignment(const ew_gguf_entry *entry) {
    static const char key[] = "general.alignment";
    return entry->key.length == sizeof key - 1 && memcmp(entry->key.bytes, key, sizeof key - 1) == 0;
}

static uint32_t alignment_of(cursor *c, const ew_gguf_entry *entry) {
    const uint8_t *b = entry->payload;
    uint32_t alignment = 0;
    if (entry->type == UINT32_TYPE)
        alignment = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    if (alignment < MIN_ALIGNMENT || alignment > MAX_ALIGNMENT || (alignment & (alignment - 1)) != 0) {
        fail(c, "an alignment that is a power of two from 8 to 65536");
        return DEFAULT_ALIGNMENT;
    }
    return alignment;
}

static uint64_t padded(uint64_t n, uint32_t alignment) { return (n + alignment - 1) / alignment * alignment; }

// Shape and size; *next is where its data must start, counted from the data section, and moves past it.
static ew_gguf_tensor take_tensor(cursor *c, uint32_t alignment, uint64_t *next) {
    ew_gguf_tensor tensor = {.ne = {1, 1, 1, 1}};
    const uint64_t size = (uint64_t)(c->end - c->start);
    tensor.name = take_string(c, MAX_NAME, "a tensor name of 1 to 65535 bytes inside the file");
    if (tensor.name.length == 0)
        fail(c, "a tensor name of 1 to 65535 bytes inside the file");
    tensor.n_dims = take_u32(c, "a number of dimensions");
    if (tensor.n_dims > MAX_DIMS) {
        fail(c, "at most 4 dimensions");
        return tensor;
    }
    uint64_t elements = 1;
    for (uint32_t i = 0; i < tensor.n_dims && !c->problem; i++) {
        tensor.ne[i] = take_u64(c, "a dimension");
        // A block holds at most 256 elements in at least 18 bytes, so no tensor of the file has more than this.
        if (tensor.ne[i] == 0 || tensor.ne[i] > size * 16 / elements)
            fail(c, "dimensions of at least 1 whose product fits the file");
        elements *= c->problem ? 1 : tensor.ne[i];
    }
    tensor.type = take_u32(c, "a tensor type");
    const block_size block = type_block(tensor.type);
    if (block.elements == 0 || tensor.ne[0] % block.elements != 0)
        fail(c, "a known tensor type whose blocks divide the rows");
    const uint64_t offset = take_u64(c, "a data offset");
    if (c->problem)
        return tensor;
    tensor.data_bytes = elements / block.elements * block.bytes;
    if (offset != *next || tensor.data_bytes > size)
        fail(c, "data right after the tensor before it, inside the file");
    tensor.data_start = offset;
    *next = padded(offset + tensor.data_bytes, alignment);
    if (*next > size * 2)
        fail(c, "data inside the file");
    return tensor;
}

static void take_header(cursor *c, ew_gguf_info *info) {
    const uint8_t *magic = take(c, 4, "GGUF, the magic bytes");
    if (magic && memcmp(magic, "GGUF", 4) != 0) {
        c->at = c->start;
        fail(c, "GGUF, the magic bytes");
    }
    info->version = take_u32(c, "a version");
    if (!c->problem && info->version != 2 && info->version != 3)
        fail(c, "version 2 or 3, little-endian");
    info->n_tensors = take_u64(c, "a number of tensors");
    info->n_entries = take_u64(c, "a number of keys");
    if (!c->problem && (info->n_tensors > MAX_ENTRIES || info->n_entries > MAX_ENTRIES))
        fail(c, "at most 65536 tensors and keys");
}

static void take_all(cursor *c, ew_gguf_info *info, const ew_gguf_visitor *visitor) {
    *info = (ew_gguf_info){.alignment = DEFAULT_ALIGNMENT};
    take_header(c, info);
    for (uint64_t i = 0; i < info->n_entries && !c->problem; i++) {
        const ew_gguf_entry entry = take_entry(c);
        if (!c->problem && is_alignment(&entry))
            info->alignment = alignment_of(c, &entry);
        if (!c->problem && visitor && visitor->entry(visitor->context, &entry) != 0)
            fail(c, "the visitor to go on");
    }
    // Tensor entries say where data lies from the data section's start, which is known only after the last of them.
    cursor entries = *c;
    uint64_t next = 0, last_end = 0;
    for (uint64_t i = 0; i < info->n_tensors && !c->problem; i++) {
        const ew_gguf_tensor tensor = take_tensor(c, info->alignment, &next);
        last_end = tensor.data_start + tensor.data_bytes;
    }
    if (c->problem)
        return;
    info->data_start = padded((uint64_t)(c->at - c->start), info->alignment);
    const uint64_t size = (uint64_t)(c->end - c->start);
    if (info->n_tensors > 0 && (info->data_start + last_end > size || size > info->data_start + next)) {
        fail(c, "a file that ends with its last tensor");
        return;
    }
    next = 0;
    for (uint64_t i = 0; visitor && i < info->n_tensors && !c->problem; i++) {
        ew_gguf_tensor tensor = take_tensor(&entries, info->alignment, &next);
        tensor.data_start += info->data_start;
        if (visitor->tensor(visitor->context, &tensor) != 0)
            fail(c, "the visitor to go on");
    }
}

int ew_gguf_check(const uint8_t *data, size_t size, ew_gguf_info *info, ew_gguf_error *error) {
    cursor c = {.start = data, .at = data, .end = data + size};
    take_all(&c, info, NULL);
    if (c.problem)
        *error = (ew_gguf_error){c.problem, (size_t)(c.problem_at - data)};
    return c.problem ? -1 : 0;
}

int ew_gguf_walk(const uint8_t *data, size_t size, const ew_gguf_visitor *visitor) {
    cursor c = {.start = data, .at = data, .end = data + size};
    ew_gguf_info info;
    take_all(&c, &info, visitor);
    return c.problem ? -1 : 0;
}

ew_gguf_string ew_gguf_next_string(const uint8_t **payload) {
    uint64_t length = 0;
    for (int i = 0; i < 8; i++)
        length |= (uint64_t)(*payload)[i] << (8 * i);
    const ew_gguf_string string = {(const char *)*payload + 8, (size_t)length};
    *payload += 8 + length;
    return string;
}
