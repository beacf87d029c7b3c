// SPDX-License-Identifier: Apache-2.0
// Each buffer has an address range to itself, with inaccessible pages before and after it. A buffer lies at one end
// of its range, by chance: a read or write beyond that end crashes, one beyond the other end damages guard bytes.
#define _GNU_SOURCE
#include "checkasm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { N_RANGES = 24, RANGE_BYTES = 1 << 24, GUARD_BYTES = 128, GUARD = 0xC5 };

static struct {
    unsigned char *start;  // of the accessible range
    unsigned char *buffer; // within it
    size_t bytes;
} ranges[N_RANGES];
static int n_used;

static void map_ranges(void) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), stride = RANGE_BYTES + page;
    unsigned char *base =
        mmap(NULL, N_RANGES * stride + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        perror("checkasm: mmap");
        exit(2);
    }
    for (size_t i = 0; i < N_RANGES; i++) {
        ranges[i].start = base + page + i * stride;
        if (mprotect(ranges[i].start, RANGE_BYTES, PROT_READ | PROT_WRITE) != 0) {
            perror("checkasm: mprotect");
            exit(2);
        }
    }
}

// The guard bytes that are accessible on a buffer's far side.
static unsigned char *guard_of(int i) {
    return ranges[i].buffer == ranges[i].start ? ranges[i].buffer + ranges[i].bytes : ranges[i].buffer - GUARD_BYTES;
}

void *ca_alloc(size_t bytes) {
    if (!ranges[0].start)
        map_ranges();
    if (n_used == N_RANGES || bytes > RANGE_BYTES - GUARD_BYTES) {
        fprintf(stderr, "checkasm: a case of more than %d buffers or %d bytes\n", N_RANGES, RANGE_BYTES);
        exit(2);
    }
    const int i = n_used++;
    ranges[i].bytes = bytes;
    ranges[i].buffer = ranges[i].start + (ca_flip() ? 0 : RANGE_BYTES - bytes);
    memset(ranges[i].buffer, GUARD, bytes);
    memset(guard_of(i), GUARD, GUARD_BYTES);
    return ranges[i].buffer;
}

void ca_free_all(void) { n_used = 0; }

int ca_damaged_buffer(void) {
    unsigned char intact[GUARD_BYTES];
    memset(intact, GUARD, sizeof intact);
    for (int i = 0; i < n_used; i++)
        if (memcmp(guard_of(i), intact, sizeof intact) != 0)
            return i;
    return -1;
}
