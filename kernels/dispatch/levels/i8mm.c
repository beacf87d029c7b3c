// SPDX-License-Identifier: Apache-2.0
#include "../../simd/neon.h"

#define EK_LEVEL i8mm
#include "level.h"
