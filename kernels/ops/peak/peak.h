// SPDX-License-Identifier: Apache-2.0
// What this processor can do at most: the same dot and multiply-add instructions as the products, on registers
// alone. Benchmarks state every rate as a share of it.
#ifndef EK_PEAK_H
#define EK_PEAK_H

#include "../../common/attributes.h"

// Runs `rounds` rounds and returns how many multiply-adds that was.
#define EK_DECL_PEAK(name) double name(size_t rounds)

typedef EK_DECL_PEAK(ek_peak_fn);
EK_DECL_PEAK(ek_peak_q8_ref);
EK_DECL_PEAK(ek_peak_f32_ref);

#endif
