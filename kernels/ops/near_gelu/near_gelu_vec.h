// SPDX-License-Identifier: Apache-2.0
#ifndef EK_NEAR_GELU_VEC_H
#define EK_NEAR_GELU_VEC_H

#include "near_gelu.h"

#include "../gelu/gelu_vec.h"

static EK_DECL_GELU(near_gelu) { gelu_each(v16_near_gelu, x, ldx, m, n); }

#endif
