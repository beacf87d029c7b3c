// SPDX-License-Identifier: Apache-2.0
// The most that this processor can do: the dot and multiply-add instructions of the products, on registers alone.
// Benchmarks state every rate as a share of it.
#ifndef EK_PEAK_H
#define EK_PEAK_H

#include "../../common/attributes.h"

// Runs `rounds` rounds and returns how many multiply-adds those were.
#define EK_DECL_PEAK(name) double name(size_t rounds)

typedef EK_DECL_PEAK(ek_peak_fn);
EK_DECL_PEAK(ek_peak_q8_ref);
EK_DECL_PEAK(ek_peak_f32_ref);

#endif
