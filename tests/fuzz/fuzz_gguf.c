// SPDX-License-Identifier: Apache-2.0
// Fuzzes the GGUF parser: whatever the bytes, it must neither crash, nor read outside them, nor allocate; and what it
// accepts must really lie inside. Built with libFuzzer it explores; without, it replays files (a main of its own).
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../kernels/gguf/gguf.h"

typedef struct {
    const uint8_t *start, *end;
    uint64_t n_entries, n_tensors;
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
    const uint8_t *at = entry->payload;
    for (uint64_t i = 0; entry->element_type == EW_GGUF_STRING && i < entry->count; i++) {
        const ew_gguf_string string = ew_gguf_next_string(&at);
        touch(s, (const uint8_t *)string.bytes, string.length, "a string outside the file");
    }
    return 0;
}

static int visit_tensor(void *context, const ew_gguf_tensor *tensor) {
    seen *s = context;
    s->n_tensors++;
    touch(s, (const uint8_t *)tensor->name.bytes, tensor->name.length, "a name outside the file");
    expect(tensor->data_start <= (uint64_t)(s->end - s->start), "data outside the file");
    touch(s, s->start + tensor->data_start, tensor->data_bytes, "data outside the file");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ew_gguf_info info;
    ew_gguf_error error;
    if (ew_gguf_check(data, size, &info, &error) != 0) {
        expect(error.problem && error.offset <= size, "nothing, but said no reason");
        return 0;
    }
    seen s = {data, data + size, 0, 0, 0};
    const ew_gguf_visitor visitor = {&s, visit_entry, visit_tensor};
    expect(ew_gguf_walk(data, size, &visitor) == 0, "a file at first but not the second time");
    expect(s.n_entries == info.n_entries && s.n_tensors == info.n_tensors, "a file with other counts than it visited");
    return 0;
}

#ifdef REPLAY
// Replays each file as it is, truncated at every byte, and with every byte set to a few values.
static void replay(const uint8_t *data, size_t size) {
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (size_t n = 0; n <= size; n++) {
        uint8_t *copy = malloc(n ? n : 1); // an allocation of its own, so that the sanitizer sees an over-read
        for (size_t i = 0; i < n; i++)
            copy[i] = data[i];
        LLVMFuzzerTestOneInput(copy, n);
        free(copy);
    }
    uint8_t *copy = malloc(size);
    for (size_t i = 0; i < size; i++)
        copy[i] = data[i];
    for (size_t i = 0; i < size; i++) {
        for (size_t v = 0; v < sizeof values; v++) {
            copy[i] = values[v];
            LLVMFuzzerTestOneInput(copy, size);
        }
        copy[i] = data[i];
    }
    free(copy);
}

int main(int n_arguments, char **arguments) {
    for (int i = 1; i < n_arguments; i++) {
        static uint8_t data[1 << 16];
        FILE *file = fopen(arguments[i], "rb");
        if (!file)
            return perror(arguments[i]), 1;
        const size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        replay(data, size);
    }
    printf("replayed %d files\n", n_arguments - 1);
    return 0;
}
#endif
