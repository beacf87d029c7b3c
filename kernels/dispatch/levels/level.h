// SPDX-License-Identifier: Apache-2.0
// All kernels of one instruction set. A level file includes its simd/ header, then this one with EK_LEVEL set to its
// name; the bodies are the same text for every level.
#include "../../ops/gelu/gelu_vec.h"
#include "../../ops/gelu_q8/gelu_q8_vec.h"
#include "../../ops/gemm_f32/gemm_f32_vec.h"
#include "../../ops/gemm_mixed/gemm_mixed_vec.h"
#include "../../ops/gemm_q4/gemm_q4_vec.h"
#include "../../ops/gemm_q8/gemm_q8_vec.h"
#include "../../ops/layer_norm/layer_norm_vec.h"
#include "../../ops/log_mel/log_mel_vec.h"
#include "../../ops/near_gelu/near_gelu_vec.h"
#include "../../ops/peak/peak_vec.h"
#include "../../ops/quantize/quantize_vec.h"
#include "../../ops/quantize_columns/quantize_columns_vec.h"
#include "../../ops/rms_norm/rms_norm_vec.h"
#include "../../ops/rope/rope_vec.h"
#include "../../ops/silu/silu_vec.h"
#include "../../ops/softmax/softmax_vec.h"
#include "../../ops/softmax_q8/softmax_q8_vec.h"
#include "../../ops/sum_exp/sum_exp_vec.h"
#include "../table.h"

#define EK_PASTE(a, b) a##b
#define EK_FILL(level) EK_PASTE(ek_fill_, level)

void EK_FILL(EK_LEVEL)(ek_table *table);
void EK_FILL(EK_LEVEL)(ek_table *table) {
    table->gemm_f32 = gemm_f32;
    table->gemm_q8 = gemm_q8;
    table->gemm_q4 = gemm_q4;
    table->gemm_mixed = gemm_mixed;
    table->quantize = quantize;
    table->quantize_columns = quantize_columns;
    table->layer_norm = layer_norm;
    table->rms_norm = rms_norm;
    table->rope = rope;
    table->silu = silu;
    table->gelu = gelu;
    table->near_gelu = near_gelu;
    table->gelu_q8 = gelu_q8;
    table->softmax = softmax;
    table->softmax_q8 = softmax_q8;
    table->sum_exp = sum_exp;
    table->log_mel = log_mel;
    table->peak_q8 = peak_q8;
    table->peak_f32 = peak_f32;
}
