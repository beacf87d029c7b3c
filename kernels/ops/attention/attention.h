// SPDX-License-Identifier: Apache-2.0
// Attention of one head for a block of queries: out = softmax(q k / 8 + bias) v. Values are 64 wide. Queries and keys
// are 64 wide too, or less in a compressed model; their products stand for those of 64, so they are divided by 8 all
// the same.
//
// It has no instruction of its own: it is two products and a softmax of the given table, in blocks of
// EK_ATTENTION_ROWS queries whose scores stay in the second cache level.
//
// f32   k packed as a weight [n_keys / 16][width][16]; v rows of 64 floats.
// q8    q rows of codes with scales and sums; k packed as a weight [n_keys / 16][width / 4][16][4] with a scale a key
//       (round_up(n_keys, 16) readable); v packed [4][n_keys / 4][16][4] with a scale a channel, zero past n_keys.
//
// mixed q rows of floats; k codes [n_keys / 16][64][16] and v rows of 64 codes, each with a scale a key. 64 wide, no bias,
//       no weights.
//
// Query i sees n_keys + i * step keys (step 1: causal decoding; 0: all see the same). q8 takes step 0 only, because its
// values are packed for one number of keys.
// bias     NULL, or what is added to the score of each key (n_keys floats): log(n) for a key that stands for n.
// digits   q8: how many digits an attention weight has, 1 or 2 (softmax_q8.h). Values are multiplied once for each.
// weights  NULL, or where to put the attention weights: ldw floats from one query to the next.
// scratch  ek_attention_scratch(most keys any query sees) bytes, aligned to 64.
#ifndef EK_ATTENTION_H
#define EK_ATTENTION_H

#include "../../dispatch/table.h"

enum { EK_HEAD = 64, EK_ATTENTION_ROWS = 12 };

// Bytes of scratch for queries that see at most n_keys keys.
size_t ek_attention_scratch(size_t n_keys);

typedef struct {
    float *out;
    size_t ldo;
    size_t width; // of queries and keys: a multiple of 16, at most 64
    size_t n_queries, n_keys, step;
    size_t digits;
    const float *bias;
    float *weights;
    size_t ldw;
    void *scratch;
} ek_attention_call;

typedef struct {
    const float *q;
    size_t ldq;
    const float *k;
    const float *v;
} ek_attention_f32_operands;

typedef struct {
    ek_q8_rows q;
    ek_q8_weights k, v;
} ek_attention_q8_operands;

typedef struct {
    const float *q;
    size_t ldq;
    const int8_t *k, *v;
    const float *k_scale, *v_scale;
} ek_attention_mixed_operands;

void ek_attention_f32(const ek_table *table, ek_attention_call call, ek_attention_f32_operands x);
void ek_attention_q8(const ek_table *table, ek_attention_call call, ek_attention_q8_operands x);
void ek_attention_mixed(const ek_table *table, ek_attention_call call, ek_attention_mixed_operands x);

#endif
