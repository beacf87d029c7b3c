// SPDX-License-Identifier: Apache-2.0
// Plugin of qemu-user: how often each block of instructions runs. At the end a line a block: how often, and its
// instructions' words in hexadecimal, first one first.
//
//   gcc -O2 -shared -fPIC -o count.so count.c
//   qemu-aarch64 -plugin ./count.so -d plugin -D counts.txt PROGRAM
//
// Debian ships no header of qemu's, so what is called is declared here. Counts are exact with one thread.
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SHOWN __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
SHOWN int qemu_plugin_version = 1;
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
extern void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);
extern void qemu_plugin_outs(const char *);

typedef struct block {
    struct block *before;
    uint64_t times;
    size_t n;
    uint32_t words[];
} block;

static block *blocks; // of all that was translated; never freed

static void translated(plugin_id id, struct qemu_plugin_tb *tb) {
    const size_t n = qemu_plugin_tb_n_insns(tb);
    block *b = calloc(1, sizeof *b + n * sizeof *b->words);
    (void)id;
    if (!b)
        abort();
    b->before = blocks;
    b->n = n;
    for (size_t i = 0; i < n; i++)
        b->words[i] = *(const uint32_t *)qemu_plugin_insn_data(qemu_plugin_tb_get_insn(tb, i));
    blocks = b;
    qemu_plugin_register_vcpu_tb_exec_inline(tb, 0, &b->times, 1);
}

static void finished(plugin_id id, void *data) {
    char word[32];
    (void)id, (void)data;
    for (const block *b = blocks; b; b = b->before) {
        if (!b->times)
            continue;
        snprintf(word, sizeof word, "%" PRIu64, b->times);
        qemu_plugin_outs(word);
        for (size_t i = 0; i < b->n; i++) {
            snprintf(word, sizeof word, " %08" PRIx32, b->words[i]);
            qemu_plugin_outs(word);
        }
        qemu_plugin_outs("\n");
    }
}

SHOWN int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}
