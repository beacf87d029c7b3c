// SPDX-License-Identifier: Apache-2.0
#include "log_mel.h"

#include "../../common/mathf.h"

static void log_mel_frame(float *out, const float *samples, ek_mel_filters filters, const ek_circle *circle) {
    double re[EK_FOURIER_HALF], im[EK_FOURIER_HALF], more_re[EK_FOURIER_HALF], more_im[EK_FOURIER_HALF];
    float energy[EK_FOURIER_BINS];
    for (size_t i = 0; i < EK_FOURIER_HALF; i++) {
        re[i] = (double)samples[2 * i] * (0.5 - 0.5 * circle->cosine[2 * i]);
        im[i] = (double)samples[2 * i + 1] * (0.5 - 0.5 * circle->cosine[2 * i + 1]);
    }
    ek_fourier_half(1, re, im, more_re, more_im, circle);
    for (size_t bin = 0; bin < EK_FOURIER_BINS; bin++)
        energy[bin] = (float)ek_energy(1, re, im, circle, bin, 0);
    for (size_t j = 0; j < filters.n_mels; j++) {
        double mel = 0.0;
        for (int32_t bin = filters.first[j]; bin < filters.end[j]; bin++)
            mel += (double)energy[bin] * (double)filters.weights[j * EK_FOURIER_BINS + (size_t)bin];
        out[j] = ek_log_mel(mel);
    }
}

EK_DECL_LOG_MEL(ek_log_mel_f32_ref) {
    const ek_circle circle = ek_whole_circle();
    for (size_t i = 0; i < n_frames; i++)
        log_mel_frame(out + i * filters.n_mels, samples + i * EK_MEL_HOP, filters, &circle);
}
