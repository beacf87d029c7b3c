// SPDX-License-Identifier: Apache-2.0
#include "table.h"

#include <pthread.h>

void ek_fill_avx2(ek_table *table);
void ek_fill_avxvnni(ek_table *table);
void ek_fill_avx512vnni(ek_table *table);
void ek_fill_neon(ek_table *table);
void ek_fill_dotprod(ek_table *table);
void ek_fill_i8mm(ek_table *table);

static ek_table tables[EK_N_LEVELS];

static void fill_tables(void) {
    for (int level = 0; level < EK_N_LEVELS; level++)
        tables[level] = (ek_table){
            .level = (enum ek_level)level,
            .gemm_f32 = ek_gemm_f32_f32_f32_ref,
            .gemm_q8 = ek_gemm_f32_q8_q8_ref,
            .gemm_q4 = ek_gemm_f32_q8_q4g32_ref,
            .gemm_mixed = ek_gemm_f32_f32_q8_ref,
            .quantize = ek_quantize_q8_f32_ref,
            .quantize_columns = ek_quantize_columns_q8_f32_ref,
            .layer_norm = ek_layer_norm_f32_ref,
            .rms_norm = ek_rms_norm_f32_ref,
            .rope = ek_rope_f32_ref,
            .silu = ek_silu_f32_ref,
            .gelu = ek_gelu_f32_ref,
            .near_gelu = ek_near_gelu_f32_ref,
            .gelu_q8 = ek_gelu_q8_f32_ref,
            .softmax = ek_softmax_f32_ref,
            .softmax_q8 = ek_softmax_q8_f32_ref,
            .sum_exp = ek_sum_exp_f32_ref,
            .log_mel = ek_log_mel_f32_ref,
            .peak_q8 = ek_peak_q8_ref,
            .peak_f32 = ek_peak_f32_ref,
        };
#if defined(__x86_64__)
    ek_fill_avx2(&tables[EK_AVX2]);
#ifdef EK_HAS_AVXVNNI
    ek_fill_avxvnni(&tables[EK_AVXVNNI]);
#endif
    ek_fill_avx512vnni(&tables[EK_AVX512VNNI]);
#elif defined(__aarch64__)
    ek_fill_neon(&tables[EK_NEON]);
    ek_fill_dotprod(&tables[EK_DOTPROD]);
#ifdef EK_HAS_I8MM
    ek_fill_i8mm(&tables[EK_I8MM]);
#endif
#endif
}

const ek_table *ek_table_of(enum ek_level level) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill_tables);
    return &tables[level];
}
