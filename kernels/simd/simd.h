// SPDX-License-Identifier: Apache-2.0
// Sixteen lanes of one instruction set, under the names that README.md explains. A level file includes its own header
// first, and that one counts; a file that is compiled alone gets the best one that the compiler's flags allow.
#ifndef EK_SIMD_H

#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
#include "avx512vnni.h"
#elif defined(__AVX2__) && defined(__FMA__)
#include "avx2.h"
#elif defined(__aarch64__)
#include "neon.h"
#else
#error "no sixteen lanes with these flags: add those of a level (CMakeLists.txt), or -march=native"
#endif

#endif
