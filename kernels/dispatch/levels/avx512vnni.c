// SPDX-License-Identifier: Apache-2.0
#include "../../simd/avx512vnni.h"

#define EK_LEVEL avx512vnni
#include "level.h"
