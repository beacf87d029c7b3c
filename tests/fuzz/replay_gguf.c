// SPDX-License-Identifier: Apache-2.0
// Drives fuzz_gguf.c where libFuzzer is not at hand: replay SEED RUNS FILE...
// Every file as it is, cut at every byte and with every byte set to a few values; then RUNS mutations of them, each
// on top of the last few. Not guided by coverage, but the same mutator.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 4096, MUTATIONS_ON_TOP = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

// In an allocation of its own size, so that the sanitizer sees an over-read.
static void run(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        exit(1);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most) {
    if (size == 0 || rand() % 4 == 0) {
        const size_t n = (size_t)(rand() % 16), grown = size + n > most ? most : size + n;
        memset(data + size, rand(), grown - size);
        return rand() % 2 && size > 0 ? (size_t)rand() % size : grown;
    }
    data[(size_t)rand() % size] = (uint8_t)rand();
    return size;
}

static void replay(uint8_t *data, size_t size) {
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (size_t n = 0; n <= size; n++)
        run(data, n);
    for (size_t i = 0; i < size; i++) {
        const uint8_t kept = data[i];
        for (size_t v = 0; v < sizeof values; v++) {
            data[i] = values[v];
            run(data, size);
        }
        data[i] = kept;
    }
}

static void explore(const uint8_t *data, size_t size, long runs) {
    uint8_t mutated[MOST_BYTES];
    size_t n = size;
    for (long i = 0; i < runs; i++) {
        if (i % MUTATIONS_ON_TOP == 0) {
            memcpy(mutated, data, size);
            n = size;
        }
        n = LLVMFuzzerCustomMutator(mutated, n, sizeof mutated, (unsigned)rand());
        run(mutated, n);
    }
}

int main(int n_arguments, char **arguments) {
    if (n_arguments < 4) {
        fprintf(stderr, "usage: replay SEED RUNS FILE...\n");
        return 2;
    }
    srand((unsigned)strtoul(arguments[1], NULL, 10));
    const int n_files = n_arguments - 3;
    for (int i = 3; i < n_arguments; i++) {
        uint8_t data[MOST_BYTES];
        FILE *file = fopen(arguments[i], "rb");
        if (!file) {
            perror(arguments[i]);
            return 1;
        }
        const size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        replay(data, size);
        explore(data, size, strtol(arguments[2], NULL, 10) / n_files);
    }
    printf("replayed %d files\n", n_files);
    return 0;
}
