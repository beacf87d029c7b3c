// SPDX-License-Identifier: Apache-2.0
// Log-mel frames, what Whisper hears: of each frame of 400 samples, 160 after the one before,
//
//   energy[b]  = |Fourier transform of Hann's window times the samples|^2 at bin b of 201, rounded to float32
//   mel[j]     = sum over first[j] <= b < end[j] of energy[b] * weights[j][b], in order, in double precision
//   out[i][j]  = max(-10, log10(max(mel[j], 1e-10))), a NaN or infinity as it is
//
// out      n_frames rows of n_mels.
// samples  160 * (n_frames - 1) + 400 readable, if there are frames.
//
// All but energy and out is in double precision; common/fourier.h has the order. Same bits on every instruction set.
#ifndef EK_LOG_MEL_H
#define EK_LOG_MEL_H

#include "../../common/attributes.h"
#include "../../common/fourier.h"

enum { EK_MEL_HOP = 160 };

typedef struct {
    const int32_t *first, *end; // n_mels each: outside of these bins a filter is zero; 0 <= first <= end <= 201
    const float *weights;       // [n_mels][201]
    size_t n_mels;
} ek_mel_filters;

#define EK_DECL_LOG_MEL(name) void name(float *out, const float *samples, size_t n_frames, ek_mel_filters filters)

typedef EK_DECL_LOG_MEL(ek_log_mel_fn);
EK_DECL_LOG_MEL(ek_log_mel_f32_ref);

#endif
