// SPDX-License-Identifier: Apache-2.0
#include "near_gelu.h"

static EK_DECL_GELU(near_gelu) { gelu_each(v16_near_gelu, x, ldx, m, n); }
