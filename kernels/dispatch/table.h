// SPDX-License-Identifier: Apache-2.0
// One pointer for each kernel. A level's table starts as the reference's and is overwritten with what the level has.
#ifndef EK_TABLE_H
#define EK_TABLE_H

#include "cpu.h"
#include "../ops/gelu/gelu.h"
#include "../ops/gelu_q8/gelu_q8.h"
#include "../ops/gemm_f32/gemm_f32.h"
#include "../ops/gemm_mixed/gemm_mixed.h"
#include "../ops/gemm_q4/gemm_q4.h"
#include "../ops/gemm_q8/gemm_q8.h"
#include "../ops/layer_norm/layer_norm.h"
#include "../ops/log_mel/log_mel.h"
#include "../ops/near_gelu/near_gelu.h"
#include "../ops/peak/peak.h"
#include "../ops/quantize/quantize.h"
#include "../ops/quantize_columns/quantize_columns.h"
#include "../ops/rms_norm/rms_norm.h"
#include "../ops/rope/rope.h"
#include "../ops/silu/silu.h"
#include "../ops/softmax/softmax.h"
#include "../ops/softmax_q8/softmax_q8.h"
#include "../ops/sum_exp/sum_exp.h"

typedef struct ek_table {
    enum ek_level level;
    ek_gemm_f32_fn *gemm_f32;
    ek_gemm_q8_fn *gemm_q8;
    ek_gemm_q4_fn *gemm_q4;
    ek_gemm_mixed_fn *gemm_mixed;
    ek_quantize_fn *quantize;
    ek_quantize_columns_fn *quantize_columns;
    ek_layer_norm_fn *layer_norm;
    ek_rms_norm_fn *rms_norm;
    ek_rope_fn *rope;
    ek_silu_fn *silu;
    ek_gelu_fn *gelu;
    ek_gelu_fn *near_gelu;
    ek_gelu_q8_fn *gelu_q8;
    ek_softmax_fn *softmax;
    ek_softmax_q8_fn *softmax_q8;
    ek_sum_exp_fn *sum_exp;
    ek_log_mel_fn *log_mel;
    ek_peak_fn *peak_q8;
    ek_peak_fn *peak_f32;
} ek_table;

// The table of a level that is supported (cpu.h). It is filled before the first call returns and never changes after.
const ek_table *ek_table_of(enum ek_level level);

#endif
