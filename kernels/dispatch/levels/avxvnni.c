// SPDX-License-Identifier: Apache-2.0
#include "../../simd/avx2.h"

#define EK_LEVEL avxvnni
#include "level.h"
