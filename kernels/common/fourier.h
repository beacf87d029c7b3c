// SPDX-License-Identifier: Apache-2.0
// Fourier transform of 400 real numbers in double precision, of several sets side by side: what speech is looked at
// through. Which numbers are added, and in which order, is written here, and their cosines are too, so that every
// compiler and every C library give the same bits.
//
// The 400 are taken as 200 complex numbers (even ones real, odd ones imaginary), which Stockham's method transforms in
// steps of 5, 5, 4 and 2, and which are then taken apart.
#ifndef EK_FOURIER_H
#define EK_FOURIER_H

#include "attributes.h"

enum { EK_FOURIER = 400, EK_FOURIER_HALF = EK_FOURIER / 2, EK_FOURIER_BINS = EK_FOURIER_HALF + 1 };

// cos(2 pi i / 400) for a quarter of the circle, each rounded once.
static const double ek_quarter_cosines[EK_FOURIER / 4 + 1] = {
    0x1p+0, 0x1.ffefd47916312p-1, 0x1.ffbf52e9d1086p-1, 0x1.ff6e7e6288cd3p-1,
    0x1.fefd5bfe443fep-1, 0x1.fe6bf2e2660afp-1, 0x1.fdba4c3e3935cp-1, 0x1.fce8734a5ca03p-1,
    0x1.fbf675480d903p-1, 0x1.fae46180515d0p-1, 0x1.f9b24942fe45cp-1, 0x1.f8603fe5a3820p-1,
    0x1.f6ee5ac2509ffp-1, 0x1.f55cb1363c414p-1, 0x1.f3ab5ca04a4f8p-1, 0x1.f1da785f71bcep-1,
    0x1.efea21d101ee0p-1, 0x1.edda784ec7e66p-1, 0x1.ebab9d2d13572p-1, 0x1.e95db3b89baf5p-1,
    0x1.e6f0e134454ffp-1, 0x1.e4654cd6c707ep-1, 0x1.e1bb1fc82ffd7p-1, 0x1.def2851f4e2e3p-1,
    0x1.dc0ba9def5ae5p-1, 0x1.d906bcf328d46p-1, 0x1.d5e3ef2e217edp-1, 0x1.d2a373453ba31p-1,
    0x1.cf457dcdc158cp-1, 0x1.cbca453998945p-1, 0x1.c83201d3d2c6dp-1, 0x1.c47cedbd1e9a7p-1,
    0x1.c0ab44e81c059p-1, 0x1.bcbd451592ef7p-1, 0x1.b8b32dd08ca3cp-1, 0x1.b48d406a50540p-1,
    0x1.b04bbff642e86p-1, 0x1.abeef145aa617p-1, 0x1.a7771ae355109p-1, 0x1.a2e4850f24ec8p-1,
    0x1.9e3779b97f4a8p-1, 0x1.9970447ea1457p-1, 0x1.948f32a1d91f2p-1, 0x1.8f949308a4e84p-1,
    0x1.8a80b635b6beap-1, 0x1.8553ee43def13p-1, 0x1.800e8ee0dc5dcp-1, 0x1.7ab0ed48135a5p-1,
    0x1.753b603d2b816p-1, 0x1.6fae400694b66p-1, 0x1.6a09e667f3bcdp-1, 0x1.644eae9c76ba5p-1,
    0x1.5e7cf55112014p-1, 0x1.5895189ea57f0p-1, 0x1.529778040b2ecp-1, 0x1.4c8474600eeeep-1,
    0x1.465c6feb501bcp-1, 0x1.401fce320d52ap-1, 0x1.39cef40ddac0bp-1, 0x1.336a479f43641p-1,
    0x1.2cf2304755a5ep-1, 0x1.266716a11bb57p-1, 0x1.1fc9647b000eap-1, 0x1.191984d01e95cp-1,
    0x1.1257e3c182b51p-1, 0x1.0b84ee8f52e9dp-1, 0x1.04a11391ea2e4p-1, 0x1.fb598465bf623p-2,
    0x1.ed50d5cbfa951p-2, 0x1.df28fe444a41fp-2, 0x1.d0e2e2b44de01p-2, 0x1.c27f69eb0acc3p-2,
    0x1.b3ff7c925819cp-2, 0x1.a56405202c662p-2, 0x1.96adefc7ce9c2p-2, 0x1.87de2a6aea963p-2,
    0x1.78f5a48a8a919p-2, 0x1.69f54f37f664bp-2, 0x1.5ade1d05796dcp-2, 0x1.4bb101f7102fbp-2,
    0x1.3c6ef372fe950p-2, 0x1.2d18e8324fd1ep-2, 0x1.1dafd83140e0ep-2, 0x1.0e34bc9f96947p-2,
    0x1.fd511fa1c0796p-3, 0x1.de189a594fbccp-3, 0x1.bec1e23d21f6ap-3, 0x1.9f4ef20ccdda3p-3,
    0x1.7fc1c65037a79p-3, 0x1.601c5d377236cp-3, 0x1.4060b67a85375p-3, 0x1.2090d3391aae9p-3,
    0x1.00aeb5da15be0p-3, 0x1.c178c3d6297d9p-4, 0x1.8177b7ffc17f0p-4, 0x1.415e532398e49p-4,
    0x1.0130a1be09379p-4, 0x1.81e56327504aap-5, 0x1.015122df75860p-5, 0x1.0159438a60e6fp-6,
    0x0p+0};

typedef struct { double cosine[EK_FOURIER], sine[EK_FOURIER]; } ek_circle;

EK_INLINE double ek_cosine(size_t i) { // cos(2 pi i / 400), i below 400
    i = i > EK_FOURIER / 2 ? EK_FOURIER - i : i;
    return i > EK_FOURIER / 4 ? -ek_quarter_cosines[EK_FOURIER / 2 - i] : ek_quarter_cosines[i];
}
EK_INLINE ek_circle ek_whole_circle(void) {
    ek_circle circle;
    for (size_t i = 0; i < EK_FOURIER; i++) {
        circle.cosine[i] = ek_cosine(i);
        circle.sine[i] = ek_cosine((i + EK_FOURIER * 3 / 4) % EK_FOURIER);
    }
    return circle;
}

// Where a step reads and writes: [index][set], real and imaginary parts apart. count: numbers that are left to be
// transformed together; done: how many of them lie side by side already; count * done is 200.
typedef struct {
    double *restrict to_re, *restrict to_im;
    const double *restrict re, *restrict im;
    size_t count, done;
} ek_fourier_step;

// y turned back by i parts of the circle, where the next step looks for it.
EK_INLINE void ek_put_turned(const ek_fourier_step *x, const ek_circle *circle, size_t at, double re, double im, size_t i) {
    x->to_re[at] = re * circle->cosine[i] + im * circle->sine[i];
    x->to_im[at] = im * circle->cosine[i] - re * circle->sine[i];
}

EK_INLINE void ek_fourier_5(const size_t sets, const ek_fourier_step *x, const ek_circle *circle) {
    const size_t parts = x->count / 5, turn = EK_FOURIER / x->count, stride = parts * x->done * sets;
    const double c1 = circle->cosine[80], c2 = circle->cosine[160], s1 = circle->sine[80], s2 = circle->sine[160];
    for (size_t p = 0; p < parts; p++)
        for (size_t q = 0; q < x->done; q++) {
            const size_t from = (q + x->done * p) * sets, to = (q + x->done * 5 * p) * sets, next = x->done * sets;
            for (size_t l = 0; l < sets; l++) {
                const double *re = x->re + from + l, *im = x->im + from + l;
                const double sum14_re = re[stride] + re[4 * stride], sum14_im = im[stride] + im[4 * stride];
                const double sum23_re = re[2 * stride] + re[3 * stride], sum23_im = im[2 * stride] + im[3 * stride];
                const double less14_re = re[stride] - re[4 * stride], less14_im = im[stride] - im[4 * stride];
                const double less23_re = re[2 * stride] - re[3 * stride], less23_im = im[2 * stride] - im[3 * stride];
                const double near_re = re[0] + c1 * sum14_re + c2 * sum23_re;
                const double near_im = im[0] + c1 * sum14_im + c2 * sum23_im;
                const double far_re = re[0] + c2 * sum14_re + c1 * sum23_re;
                const double far_im = im[0] + c2 * sum14_im + c1 * sum23_im;
                const double across_re = s1 * less14_re + s2 * less23_re, across_im = s1 * less14_im + s2 * less23_im;
                const double along_re = s2 * less14_re - s1 * less23_re, along_im = s2 * less14_im - s1 * less23_im;
                x->to_re[to + l] = re[0] + sum14_re + sum23_re;
                x->to_im[to + l] = im[0] + sum14_im + sum23_im;
                ek_put_turned(x, circle, to + next + l, near_re + across_im, near_im - across_re, turn * p);
                ek_put_turned(x, circle, to + 2 * next + l, far_re + along_im, far_im - along_re, turn * p * 2);
                ek_put_turned(x, circle, to + 3 * next + l, far_re - along_im, far_im + along_re, turn * p * 3);
                ek_put_turned(x, circle, to + 4 * next + l, near_re - across_im, near_im + across_re, turn * p * 4);
            }
        }
}

EK_INLINE void ek_fourier_4(const size_t sets, const ek_fourier_step *x, const ek_circle *circle) {
    const size_t parts = x->count / 4, turn = EK_FOURIER / x->count, stride = parts * x->done * sets;
    for (size_t p = 0; p < parts; p++)
        for (size_t q = 0; q < x->done; q++) {
            const size_t from = (q + x->done * p) * sets, to = (q + x->done * 4 * p) * sets, next = x->done * sets;
            for (size_t l = 0; l < sets; l++) {
                const double *re = x->re + from + l, *im = x->im + from + l;
                const double even_re = re[0] + re[2 * stride], even_im = im[0] + im[2 * stride];
                const double odd_re = re[stride] + re[3 * stride], odd_im = im[stride] + im[3 * stride];
                const double first_re = re[0] - re[2 * stride], first_im = im[0] - im[2 * stride];
                const double second_re = re[stride] - re[3 * stride], second_im = im[stride] - im[3 * stride];
                x->to_re[to + l] = even_re + odd_re;
                x->to_im[to + l] = even_im + odd_im;
                ek_put_turned(x, circle, to + next + l, first_re + second_im, first_im - second_re, turn * p);
                ek_put_turned(x, circle, to + 2 * next + l, even_re - odd_re, even_im - odd_im, turn * p * 2);
                ek_put_turned(x, circle, to + 3 * next + l, first_re - second_im, first_im + second_re, turn * p * 3);
            }
        }
}

EK_INLINE void ek_fourier_2(const size_t sets, const ek_fourier_step *x) {
    const size_t half = x->done * sets;
    for (size_t i = 0; i < half; i++) {
        x->to_re[i] = x->re[i] + x->re[half + i];
        x->to_im[i] = x->im[i] + x->im[half + i];
        x->to_re[half + i] = x->re[i] - x->re[half + i];
        x->to_im[half + i] = x->im[i] - x->im[half + i];
    }
}

// Transforms in place, 200 complex numbers [index][set]; `more` is as large.
EK_INLINE void ek_fourier_half(const size_t sets, double *re, double *im, double *more_re, double *more_im,
                               const ek_circle *circle) {
    ek_fourier_5(sets, &(ek_fourier_step){more_re, more_im, re, im, 200, 1}, circle);
    ek_fourier_5(sets, &(ek_fourier_step){re, im, more_re, more_im, 40, 5}, circle);
    ek_fourier_4(sets, &(ek_fourier_step){more_re, more_im, re, im, 8, 25}, circle);
    ek_fourier_2(sets, &(ek_fourier_step){re, im, more_re, more_im, 2, 100});
}

// The energy |X[bin]|^2 of set l, from the transform of the halves.
EK_INLINE double ek_energy(const size_t sets, const double *re, const double *im, const ek_circle *circle, size_t bin,
                           size_t l) {
    const size_t at = bin % EK_FOURIER_HALF * sets + l, mirror = (EK_FOURIER_HALF - bin) % EK_FOURIER_HALF * sets + l;
    const double c = circle->cosine[bin], s = circle->sine[bin];
    const double even_re = re[at] + re[mirror], even_im = im[at] - im[mirror];
    const double odd_re = im[at] + im[mirror], odd_im = re[mirror] - re[at];
    const double x = even_re + (c * odd_re + s * odd_im), y = even_im + (c * odd_im - s * odd_re);
    return 0.25 * (x * x + y * y);
}

#endif
