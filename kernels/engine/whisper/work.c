// SPDX-License-Identifier: Apache-2.0
#include "state.h"

#include "../memory.h"

static int allocate_operand(ew_operand *operand, size_t rows, size_t inputs) {
    void *memory = ew_alloc(ew_operand_bytes(rows, inputs));
    *operand = memory ? ew_operand_in(memory, rows, inputs) : (ew_operand){0};
    return !memory;
}

static int allocate_scratch(ew_work *work, const ew_sizes *sizes) {
    work->scratch = ew_alloc(work->n_threads * sizeof *work->scratch);
    int failed = !work->scratch;
    for (size_t i = 0; !failed && i < work->n_threads; i++) {
        ew_scratch *scratch = work->scratch + i;
        failed |= allocate_operand(&scratch->operand, sizes->operand_rows, sizes->operand_inputs) |
                  allocate_operand(&scratch->head, EW_ROWS, EK_HEAD);
        failed |= ew_floats_allocate(&scratch->norm, sizes->norm) | ew_floats_allocate(&scratch->wide, sizes->wide) |
                  ew_floats_allocate(&scratch->context, sizes->context) |
                  ew_floats_allocate(&scratch->factor, sizes->factor);
        scratch->attention = ew_alloc(ek_attention_scratch(sizes->attention_keys));
        failed |= !scratch->attention;
    }
    return failed;
}

static int allocate_encoder(ew_work *work, const ew_sizes *sizes, size_t n_heads, int int8) {
    int failed = ew_floats_allocate(&work->conv, sizes->conv);
    work->taken = ew_alloc(ew_times(sizes->shares, sizeof *work->taken));
    if (int8) {
        ek_q8_rows *codes = &work->queries.codes;
        failed |= ew_floats_allocate(&work->values, sizes->values) |
                  ew_floats_allocate(&work->more_values, sizes->values);
        codes->codes = ew_alloc(sizes->query_codes);
        codes->stride = EK_HEAD;
        codes->scale = ew_alloc(ew_times(sizes->queries, sizeof(float)));
        codes->sum = ew_alloc(ew_times(sizes->queries, sizeof(int32_t)));
        failed |= !codes->codes || !codes->scale || !codes->sum;
    } else {
        failed |= ew_floats_allocate(&work->queries.rows, sizes->query_rows);
    }
    failed |= !work->taken;
    return failed | (ew_keys_allocate(&work->keys, n_heads, sizes->cross_keys, int8) != EW_OK);
}

static int allocate_decoder(ew_work *work, const ew_sizes *sizes) {
    return ew_floats_allocate(&work->dec_x, sizes->dec_x) | ew_floats_allocate(&work->dec_qkv, sizes->dec_qkv) |
           ew_floats_allocate(&work->dec_context, sizes->dec_context) |
           ew_floats_allocate(&work->dec_wide, sizes->dec_wide);
}

static void free_buffers(ew_work *work) {
    for (size_t i = 0; work->scratch && i < work->n_threads; i++) {
        ew_free(work->scratch[i].operand.buffers.codes); // an operand's memory starts with them
        ew_free(work->scratch[i].head.buffers.codes);
        ew_free(work->scratch[i].norm.at);
        ew_free(work->scratch[i].wide.at);
        ew_free(work->scratch[i].context.at);
        ew_free(work->scratch[i].factor.at);
        ew_free(work->scratch[i].attention);
    }
    ew_keys_free(&work->keys);
    void *buffers[] = {work->scratch,
                       work->conv.at,
                       work->values.at,
                       work->more_values.at,
                       work->queries.rows.at,
                       work->queries.codes.codes,
                       work->queries.codes.scale,
                       work->queries.codes.sum,
                       work->taken,
                       work->dec_x.at,
                       work->dec_qkv.at,
                       work->dec_context.at,
                       work->dec_wide.at};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        ew_free(buffers[i]);
    *work = (ew_work){0};
}

ew_status ew_work_join(ew_model *model, const ew_sizes *sizes) {
    ew_work *work = &model->work;
    if (work->n_states == 0) {
        work->n_threads = (size_t)ew_pool_threads(model->pool);
        if (allocate_scratch(work, sizes) ||
            allocate_encoder(work, sizes, model->dims.n_audio_head, model->int8_attention) ||
            allocate_decoder(work, sizes)) {
            free_buffers(work);
            return EW_NO_MEMORY;
        }
    }
    work->n_states++;
    return EW_OK;
}

void ew_work_leave(ew_model *model) {
    if (--model->work.n_states == 0)
        free_buffers(&model->work);
}
