// SPDX-License-Identifier: Apache-2.0
// Tables with one wrong kernel each, of the kinds that SIMD code gets wrong. Every one must be reported: a harness
// that passes a planted bug checks nothing.
#include "checkasm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/common/mathf.h"

static const ek_table *right; // the table whose kernels the wrong ones call

// The last row of a register tile is lost when the rows do not divide by it.
static EK_DECL_GEMM_F32(gemm_f32_loses_a_row) {
    right->gemm_f32(out, ldo, a, lda, w, tile_stride, row_stride, bias, m % 6 == 5 ? m - 1 : m, n, k, mode);
}

// Multiply and add are rounded separately.
static EK_DECL_GEMM_F32(gemm_f32_not_fused) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            volatile float sum = 0.0f;
            for (size_t p = 0; p < k; p++)
                sum = sum + a[i * lda + p] * w[j / EK_TILE * tile_stride + p * row_stride + j % EK_TILE];
            out[i * ldo + j] = sum + (bias ? bias[j] : 0.0f) + (mode == EK_ADD ? out[i * ldo + j] : 0.0f);
        }
}

// The last tile of columns is stored whole.
static EK_DECL_GEMM_F32(gemm_f32_stores_whole_tiles) {
    right->gemm_f32(out, ldo, a, lda, w, tile_stride, row_stride, bias, m, n, k, mode);
    if (m && n % EK_TILE)
        out[(m - 1) * ldo + n] = 0.0f;
}

// The scales are left out where they would be read in part.
static EK_DECL_GEMM_MIXED(gemm_mixed_forgets_scales) {
    right->gemm_mixed(out, ldo, a, lda, w, tile_stride, row_stride, n % EK_TILE ? NULL : scale, m, n, k);
}

// Codes are taken for unsigned.
static EK_DECL_GEMM_MIXED(gemm_mixed_loses_signs) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float sum = 0.0f;
            for (size_t p = 0; p < k; p++)
                sum = fmaf(a[i * lda + p], (float)(uint8_t)w[j / EK_TILE * tile_stride + p * row_stride + j % EK_TILE], sum);
            out[i * ldo + j] = scale ? scale[j] * sum : sum;
        }
}

// A vector is loaded from the end of the bias.
static EK_DECL_GEMM_Q8(gemm_q8_reads_past_bias) {
    right->gemm_q8(out, ldo, a, w, bias, m, n, k, mode);
    volatile float sink = bias ? bias[ek_round_up(n + 1, EK_TILE) - 1] : 0.0f;
    (void)sink;
}

static int clamp16(int x) { return x > 32767 ? 32767 : x < -32768 ? -32768 : x; }

// AVX2's trap: unsigned weights (code + 128) by signed activations, a pair saturating in 16 bits.
static EK_DECL_GEMM_Q8(gemm_q8_saturates) {
    const size_t quads = ek_div_up(k, EK_QUAD);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            const int8_t *column = w.tiles + (j / EK_TILE * quads * EK_TILE + j % EK_TILE) * EK_QUAD;
            const int8_t *row = a.codes + i * a.stride;
            int32_t dot = -128 * a.sum[i];
            for (size_t p = 0; p < ek_round_up(k, EK_QUAD); p += 2) {
                const int8_t *pair = column + p / EK_QUAD * EK_TILE * EK_QUAD + p % EK_QUAD;
                dot += clamp16((pair[0] + 128) * row[p] + (pair[1] + 128) * row[p + 1]);
            }
            const float sum = fmaf((float)dot, a.scale[i] * w.scale[j], bias ? bias[j] : 0.0f);
            const float y = a.middle ? fmaf(a.middle[i], w.total[j], sum) : sum;
            out[i * ldo + j] = mode == EK_ADD ? y + out[i * ldo + j] : y;
        }
}

// Rows' middles are forgotten.
static EK_DECL_GEMM_Q8(gemm_q8_forgets_middles) {
    a.middle = NULL;
    right->gemm_q8(out, ldo, a, w, bias, m, n, k, mode);
}

// EK_ADD is forgotten.
static EK_DECL_GEMM_Q8(gemm_q8_never_adds) {
    (void)mode;
    right->gemm_q8(out, ldo, a, w, bias, m, n, k, EK_STORE);
}

// One group more than there is.
static EK_DECL_GEMM_Q4(gemm_q4_reads_a_group_more) {
    right->gemm_q4(out, ldo, a, w, bias, m, n, k, n_digits, mode);
    volatile uint8_t sink = w.tiles[ek_round_up(n, EK_TILE) * k / 2];
    (void)sink;
}

// All groups but the first are forgotten.
static EK_DECL_GEMM_Q4(gemm_q4_first_group_only) {
    right->gemm_q4(out, ldo, a, w, bias, m, n, ek_min(k, EK_GROUP), n_digits, mode);
}

// The second digits are forgotten.
static EK_DECL_GEMM_Q4(gemm_q4_first_digit_only) {
    right->gemm_q4(out, ldo, a, w, bias, m, n, k, 1, mode);
    (void)n_digits;
}

// Ties are rounded away from zero.
static EK_DECL_QUANTIZE(quantize_rounds_up) {
    right->quantize(rows, x, ldx, m, k, n_digits);
    for (size_t i = 0; i < m; i++)
        for (size_t p = 0; p < k; p++)
            if (rows.scale[i] == 1.0f && x[i * ldx + p] == 0.5f)
                rows.codes[i * rows.stride + p] = 1;
}

// The padding of a row is left as it was.
static EK_DECL_QUANTIZE(quantize_leaves_padding) {
    right->quantize(rows, x, ldx, m, k, n_digits);
    if (m && k % 64)
        rows.codes[(m - 1) * rows.stride + ek_q8_stride(k) - 1] = 1;
}

// A NaN becomes what the conversion happens to give.
static EK_DECL_QUANTIZE(quantize_keeps_nan) {
    right->quantize(rows, x, ldx, m, k, n_digits);
    for (size_t i = 0; i < m; i++)
        for (size_t p = 0; p < k; p++)
            if (isnan(x[i * ldx + p]))
                rows.codes[i * rows.stride + p] = 0;
}

// Zero times infinity where a row is subnormal: the padding becomes -127.
static EK_DECL_QUANTIZE(quantize_pads_with_nan) {
    right->quantize(rows, x, ldx, m, k, n_digits);
    for (size_t i = 0; i < m; i++)
        for (size_t p = k; p < ek_q8_stride(k); p++)
            rows.codes[i * rows.stride + p] = rows.scale[i] > 0.0f && isinf(1.0f / rows.scale[i]) ? -127 : 0;
}

// Of a head's rows, those behind the last sixteen are left out.
static EK_DECL_QUANTIZE(quantize_leaves_out_last_heads) {
    const size_t whole = k <= 4 * EK_TILE && m > EK_TILE ? m / EK_TILE * EK_TILE : m;
    right->quantize(rows, x, ldx, whole, k, n_digits);
}

// The middle of a row is taken for 0.
static EK_DECL_QUANTIZE(quantize_forgets_the_middle) {
    float *middle = rows.middle;
    rows.middle = NULL;
    right->quantize(rows, x, ldx, m, k, n_digits);
    if (middle)
        memset(middle, 0, m * sizeof *middle);
}

// The second digit has the scale of the first.
static EK_DECL_QUANTIZE(quantize_second_like_first) {
    right->quantize(rows, x, ldx, m, k, n_digits);
    if (n_digits == 2)
        memcpy(rows.scale + m, rows.scale, m * sizeof *rows.scale);
}

// One float before the first.
static EK_DECL_QUANTIZE_COLUMNS(quantize_columns_writes_before) {
    right->quantize_columns(w, scale, x, ldx, k, n);
    if (n)
        scale[-1] = 0.0f;
}

// The padding of the last vector enters the variance.
static EK_DECL_LAYER_NORM(layer_norm_counts_padding) {
    for (size_t i = 0; i < m; i++) {
        float mean = 0.0f, square = 0.0f;
        for (size_t j = 0; j < n; j++)
            mean += x[i * ldx + j] / (float)n;
        for (size_t j = 0; j < ek_round_up(n, EK_TILE); j++) {
            const float d = (j < n ? x[i * ldx + j] : 0.0f) - mean;
            square += d * d / (float)n;
        }
        for (size_t j = 0; j < n; j++)
            out[i * ldo + j] = (x[i * ldx + j] - mean) / sqrtf(square + EK_LAYER_NORM_EPSILON) * weight[j] + bias[j];
    }
}

// The padding of the last vector enters the mean.
static EK_DECL_RMS_NORM(rms_norm_counts_padding) {
    right->rms_norm(out, ldo, x, ldx, weight, epsilon, m, n);
    for (size_t i = 0; n % EK_TILE && i < m; i++)
        for (size_t j = 0; j < n; j++)
            out[i * ldo + j] *= sqrtf((float)ek_round_up(n, EK_TILE) / (float)n);
}

// Every row is turned by the first one's angles.
static EK_DECL_ROPE(rope_forgets_positions) {
    for (size_t i = 0; i < m; i++)
        right->rope(x + i * ldx, ldx, turns, position, 1, n_heads, width);
}

static EK_DECL_SILU(silu_skips_the_last) { right->silu(x, ldx, up, ldu, m, n > 16 && n % 16 == 15 ? n - 1 : n); }

// The last lane of a partial vector is skipped.
static EK_DECL_GELU(gelu_skips_the_last) { right->gelu(x, ldx, m, n > 16 && n % 16 == 15 ? n - 1 : n); }

// GELU itself, which differs in a thousandth of a step.
static EK_DECL_GELU_Q8(gelu_q8_is_exact) {
    right->gelu(x, ldx, m, k);
    right->quantize(rows, x, ldx, m, k, 1);
}

// What comes out is quantized without having been through GELU.
static EK_DECL_GELU_Q8(gelu_q8_forgets_gelu) {
    right->quantize(rows, x, ldx, m, k, 1);
}

// An instruction that this processor lacks.
static EK_DECL_GELU(gelu_is_illegal) {
    (void)x, (void)ldx, (void)m, (void)n;
#if defined(__x86_64__)
    __asm__ volatile("ud2");
#elif defined(__aarch64__)
    __asm__ volatile("udf #0");
#else
    abort();
#endif
}

// Lanes are summed in the order of the elements.
static EK_DECL_SOFTMAX(softmax_sums_in_order) {
    for (size_t i = 0; i < m && n > 0; i++) {
        float largest = x[i * ldx], sum = 0.0f;
        for (size_t j = 0; j < n; j++)
            largest = fmaxf(largest, x[i * ldx + j]);
        for (size_t j = 0; j < n; j++)
            sum += x[i * ldx + j] = ek_expf(x[i * ldx + j] - largest);
        for (size_t j = 0; j < n; j++)
            x[i * ldx + j] *= 1.0f / sum;
    }
}

// The sum of the digits is one off.
static EK_DECL_SOFTMAX_Q8(softmax_q8_wrong_sum) {
    right->softmax_q8(high, low, x, ldx, m, n);
    if (m && n == 997)
        high.sum[m - 1]++;
}

// Of one digit every weight is rounded by itself.
static EK_DECL_SOFTMAX_Q8(softmax_q8_carries_nothing) {
    right->softmax_q8(high, low, x, ldx, m, n);
    for (size_t i = 0; i < m && !low.codes; i++) {
        float largest = x[i * ldx];
        for (size_t j = 1; j < n; j++)
            largest = x[i * ldx + j] > largest ? x[i * ldx + j] : largest;
        for (size_t j = 0; j < n; j++)
            high.codes[i * high.stride + j] = (int8_t)(((int32_t)ek_weightf(x[i * ldx + j] - largest) + 64) >> 7);
    }
}

// It is the other one.
static EK_DECL_GELU(near_gelu_is_exact) { right->gelu(x, ldx, m, n); }

// The last, partial vector is counted whole.
static EK_DECL_SUM_EXP(sum_exp_counts_padding) {
    return right->sum_exp(x, n, largest) + (n % EK_TILE == 1 ? ek_expf(-largest) : 0.0f);
}

// The last frame is the first one.
static EK_DECL_LOG_MEL(log_mel_repeats_the_first) {
    right->log_mel(out, samples, n_frames, filters);
    if (n_frames > 1)
        right->log_mel(out + (n_frames - 1) * filters.n_mels, samples, 1, filters);
}

// A loop that counts nothing.
static EK_DECL_PEAK(peak_counts_nothing) {
    (void)rounds;
    return 0.0;
}

#define PLANT_BELOW(kernel, slot, wrong) {#kernel, #wrong, offsetof(ek_table, slot), (void (*)(void))wrong}
#define PLANT(slot, wrong) PLANT_BELOW(slot, slot, wrong)

static const struct {
    const char *kernel, *bug; // the check that must find it
    size_t slot;              // where it is planted
    void (*wrong)(void);
} plants[] = {
    PLANT(gemm_f32, gemm_f32_loses_a_row),
    PLANT(gemm_f32, gemm_f32_not_fused),
    PLANT(gemm_f32, gemm_f32_stores_whole_tiles),
    PLANT(gemm_q8, gemm_q8_reads_past_bias),
    PLANT(gemm_q8, gemm_q8_saturates),
    PLANT(gemm_q8, gemm_q8_never_adds),
    PLANT(gemm_q8, gemm_q8_forgets_middles),
    PLANT(gemm_mixed, gemm_mixed_forgets_scales),
    PLANT(gemm_mixed, gemm_mixed_loses_signs),
    PLANT(gemm_q4, gemm_q4_reads_a_group_more),
    PLANT(gemm_q4, gemm_q4_first_group_only),
    PLANT(gemm_q4, gemm_q4_first_digit_only),
    PLANT(quantize, quantize_forgets_the_middle),
    PLANT(quantize, quantize_leaves_out_last_heads),
    PLANT(quantize, quantize_rounds_up),
    PLANT(quantize, quantize_leaves_padding),
    PLANT(quantize, quantize_keeps_nan),
    PLANT(quantize, quantize_pads_with_nan),
    PLANT(quantize, quantize_second_like_first),
    PLANT(quantize_columns, quantize_columns_writes_before),
    PLANT(layer_norm, layer_norm_counts_padding),
    PLANT(rms_norm, rms_norm_counts_padding),
    PLANT(rope, rope_forgets_positions),
    PLANT(silu, silu_skips_the_last),
    PLANT(gelu, gelu_skips_the_last),
    PLANT(gelu, gelu_is_illegal),
    PLANT(near_gelu, near_gelu_is_exact),
    PLANT(gelu_q8, gelu_q8_is_exact),
    PLANT(gelu_q8, gelu_q8_forgets_gelu),
    PLANT(softmax, softmax_sums_in_order),
    PLANT(softmax_q8, softmax_q8_wrong_sum),
    PLANT(softmax_q8, softmax_q8_carries_nothing),
    PLANT(sum_exp, sum_exp_counts_padding),
    PLANT(log_mel, log_mel_repeats_the_first),
    PLANT(peak_q8, peak_counts_nothing),
    PLANT(peak_f32, peak_counts_nothing),
    PLANT_BELOW(attention_f32, softmax, softmax_sums_in_order),
    PLANT_BELOW(attention_q8, gemm_q8, gemm_q8_never_adds),
    PLANT_BELOW(attention_mixed, gemm_mixed, gemm_mixed_loses_signs),
};

int ca_self_test(uint64_t seed) {
    const size_t n = sizeof plants / sizeof *plants;
    size_t n_found = 0;
    printf("checkasm: seed %llu\n", (unsigned long long)seed);
    right = ek_table_of(EK_REF);
    for (size_t i = 0; i < n; i++) {
        ek_table table = *right;
        memcpy((char *)&table + plants[i].slot, &plants[i].wrong, sizeof plants[i].wrong);
        const ca_options only = {.seed = seed, .rounds = 1, .kernel = plants[i].kernel};
        const ca_result result = ca_run_level("planted", &table, &only, 1);
        const int found = result.n_failures == 1;
        n_found += (size_t)found;
        printf("%s %s: %s\n", found ? "found " : "MISSED", plants[i].bug, result.failure);
    }
    printf("%zu of %zu planted bugs found\n", n_found, n);
    return (int)(n - n_found);
}
