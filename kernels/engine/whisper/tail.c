// SPDX-License-Identifier: Apache-2.0
#include "tail.h"

#include <math.h>

#include "../../ops/attention/attention.h"
#include "../memory.h"

static void *copy_of(const void *source, size_t bytes) {
    void *copy = ew_alloc(bytes);
    return copy && bytes ? memcpy(copy, source, bytes) : copy;
}

ew_tail *ew_tail_new(size_t n_landmarks, const int32_t *positions, const int32_t *counts, size_t n_local,
                     const int32_t *local_heads, const float *contexts) {
    ew_tail *tail = ew_alloc(sizeof *tail);
    if (!tail)
        return NULL;
    tail->n_landmarks = n_landmarks;
    tail->n_local = n_local;
    tail->positions = copy_of(positions, n_landmarks * sizeof *positions);
    tail->log_counts = ew_alloc(n_landmarks * sizeof(float));
    tail->local_heads = copy_of(local_heads, n_local * sizeof *local_heads);
    tail->contexts = copy_of(contexts, n_landmarks * n_local * EK_HEAD * sizeof *contexts);
    if (!tail->positions || !tail->log_counts || !tail->local_heads || !tail->contexts) {
        ew_tail_free(tail);
        return NULL;
    }
    for (size_t i = 0; i < n_landmarks; i++)
        tail->log_counts[i] = logf((float)counts[i]);
    return tail;
}

void ew_tail_free(ew_tail *tail) {
    if (!tail)
        return;
    ew_free(tail->positions);
    ew_free(tail->log_counts);
    ew_free(tail->local_heads);
    ew_free(tail->contexts);
    ew_free(tail);
}

size_t ew_tail_first(const ew_tail *tail, size_t position) {
    size_t i = 0;
    while (i < tail->n_landmarks && (size_t)tail->positions[i] < position)
        i++;
    return i;
}
