// SPDX-License-Identifier: Apache-2.0
// log_mel over four frames side by side: double precision has no vocabulary of its own, but the compiler takes loops
// over the four for vectors.
#ifndef EK_LOG_MEL_VEC_H
#define EK_LOG_MEL_VEC_H

#include "log_mel.h"

#include "../../common/mathf.h"

enum { LOG_MEL_SETS = 4 };

static void log_mel_frames(float *const out[LOG_MEL_SETS], const float *const samples[LOG_MEL_SETS],
                           ek_mel_filters filters, const ek_circle *circle) {
    double re[EK_FOURIER_HALF * LOG_MEL_SETS], im[EK_FOURIER_HALF * LOG_MEL_SETS];
    double more_re[EK_FOURIER_HALF * LOG_MEL_SETS], more_im[EK_FOURIER_HALF * LOG_MEL_SETS];
    float energy[EK_FOURIER_BINS * LOG_MEL_SETS];
    for (size_t i = 0; i < EK_FOURIER_HALF; i++)
        for (size_t l = 0; l < LOG_MEL_SETS; l++) {
            re[i * LOG_MEL_SETS + l] = (double)samples[l][2 * i] * (0.5 - 0.5 * circle->cosine[2 * i]);
            im[i * LOG_MEL_SETS + l] = (double)samples[l][2 * i + 1] * (0.5 - 0.5 * circle->cosine[2 * i + 1]);
        }
    ek_fourier_half(LOG_MEL_SETS, re, im, more_re, more_im, circle);
    for (size_t bin = 0; bin < EK_FOURIER_BINS; bin++)
        for (size_t l = 0; l < LOG_MEL_SETS; l++)
            energy[bin * LOG_MEL_SETS + l] = (float)ek_energy(LOG_MEL_SETS, re, im, circle, bin, l);
    for (size_t j = 0; j < filters.n_mels; j++) {
        double mel[LOG_MEL_SETS] = {0};
        for (size_t bin = (size_t)filters.first[j]; bin < (size_t)filters.end[j]; bin++)
            for (size_t l = 0; l < LOG_MEL_SETS; l++)
                mel[l] += (double)energy[bin * LOG_MEL_SETS + l] * (double)filters.weights[j * EK_FOURIER_BINS + bin];
        for (size_t l = 0; l < LOG_MEL_SETS; l++)
            out[l][j] = ek_log_mel(mel[l]);
    }
}

static EK_DECL_LOG_MEL(log_mel) {
    const ek_circle circle = ek_whole_circle();
    for (size_t i = 0; i < n_frames; i += LOG_MEL_SETS) {
        float *rows[LOG_MEL_SETS];
        const float *from[LOG_MEL_SETS];
        for (size_t l = 0; l < LOG_MEL_SETS; l++) { // behind the last frame, that one again
            const size_t frame = ek_min(i + l, n_frames - 1);
            rows[l] = out + frame * filters.n_mels;
            from[l] = samples + frame * EK_MEL_HOP;
        }
        log_mel_frames(rows, from, filters, &circle);
    }
}

#endif
