// SPDX-License-Identifier: Apache-2.0
// The padding after a clip, thinned out to landmarks: positions that are encoded with every clip, each of which
// attention counts as `count` positions of the window (by adding log(count) to its score).
//
// A landmark's neighbours are missing, which those heads of the first layer that look only at neighbours would notice.
// In padding such heads give the same whatever the clip says, so their contexts are taken from a window of nothing but
// padding.
#ifndef EW_TAIL_H
#define EW_TAIL_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t n_landmarks;
    int32_t *positions; // ascending
    float *log_counts;
    size_t n_local;
    int32_t *local_heads;
    float *contexts;      // [n_landmarks][n_local][64]
} ew_tail;

// Copies everything; NULL without memory. counts are at least 1.
ew_tail *ew_tail_new(size_t n_landmarks, const int32_t *positions, const int32_t *counts, size_t n_local,
                     const int32_t *local_heads, const float *contexts);
void ew_tail_free(ew_tail *tail);

// Index of the first landmark at or after a position.
size_t ew_tail_first(const ew_tail *tail, size_t position);

#endif
