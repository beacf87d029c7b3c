// SPDX-License-Identifier: Apache-2.0
// Fuzzes the GGUF parser: whatever the bytes, it must neither crash, nor read outside them, nor allocate; and what it
// accepts must really lie inside, in order. With libFuzzer it explores; without, replay_gguf.c drives it.
#include <stdio.h>
#include <stdlib.h>

#include "../../kernels/gguf/gguf.h"
#include "mutate_gguf.h"

typedef struct {
    const uint8_t *start, *end;
    uint32_t alignment;
    uint64_t n_entries, n_tensors;
    uint64_t data_end; // of the tensors so far
    unsigned checksum; // so that no read is optimized away
} seen;

static void expect(int truth, const char *what) {
    if (!truth) {
        fprintf(stderr, "the parser accepted %s\n", what);
        abort();
    }
}

static void touch(seen *s, const uint8_t *bytes, uint64_t length, const char *what) {
    expect(bytes >= s->start && bytes <= s->end && length <= (uint64_t)(s->end - bytes), what);
    if (length > 0)
        s->checksum += bytes[0] + bytes[length - 1];
}

static int visit_entry(void *context, const ew_gguf_entry *entry) {
    seen *s = context;
    s->n_entries++;
    touch(s, (const uint8_t *)entry->key.bytes, entry->key.length, "a key outside the file");
    touch(s, entry->payload, entry->payload_bytes, "a value outside the file");
    expect(entry->key.length > 0, "a key without a name");
    if (entry->element_type != EW_GGUF_STRING) // numbers of 1 to 8 bytes
        expect(entry->payload_bytes / 8 <= entry->count && entry->count <= entry->payload_bytes, "a count of its own");
    const uint8_t *at = entry->payload, *end = at + entry->payload_bytes;
    for (uint64_t i = 0; entry->element_type == EW_GGUF_STRING && i < entry->count; i++) {
        ew_gguf_string string;
        expect(ew_gguf_next_string(&at, end, &string) == 0, "a string that its array does not hold");
        touch(s, (const uint8_t *)string.bytes, string.length, "a string outside the file");
    }
    expect(entry->element_type != EW_GGUF_STRING || at == end, "bytes after an array's last string");
    return 0;
}

static int visit_tensor(void *context, const ew_gguf_tensor *tensor) {
    seen *s = context;
    s->n_tensors++;
    touch(s, (const uint8_t *)tensor->name.bytes, tensor->name.length, "a name outside the file");
    expect(tensor->name.length > 0, "a tensor without a name");
    expect(tensor->data_start <= (uint64_t)(s->end - s->start), "data outside the file");
    touch(s, s->start + tensor->data_start, tensor->data_bytes, "data outside the file");
    expect(tensor->data_start % s->alignment == 0, "data out of line");
    expect(tensor->data_start >= s->data_end && tensor->data_bytes > 0, "data that overlaps");
    s->data_end = tensor->data_start + tensor->data_bytes;
    return 0;
}

// The input as if it were an array of strings: Python asks for them by offsets of its own.
static void read_strings(const uint8_t *data, size_t size) {
    seen s = {.start = data, .end = data + size};
    ew_gguf_string string;
    for (const uint8_t *at = data; ew_gguf_next_string(&at, s.end, &string) == 0;)
        touch(&s, (const uint8_t *)string.bytes, string.length, "a string outside the array");
}

static int is_power_of_two(uint32_t n) { return n > 0 && (n & (n - 1)) == 0; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ew_gguf_info info;
    ew_gguf_error error;
    read_strings(data, size);
    if (ew_gguf_check(data, size, &info, &error) != 0) {
        expect(error.problem && error.offset <= size && error.subject.length <= size, "nothing, but said no reason");
        return 0;
    }
    expect(is_power_of_two(info.alignment) && info.alignment >= 8 && info.alignment <= 65536, "an odd alignment");
    seen s = {.start = data, .end = data + size, .alignment = info.alignment};
    const ew_gguf_visitor visitor = {&s, visit_entry, visit_tensor};
    expect(ew_gguf_walk(data, size, &visitor) == 0, "a file at first but not the second time");
    expect(s.n_entries == info.n_entries && s.n_tensors == info.n_tensors, "a file with other counts than it visited");
    return 0;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most); // libFuzzer's own, or replay_gguf.c's

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    return mutate_gguf(data, size, most, seed, LLVMFuzzerMutate);
}
