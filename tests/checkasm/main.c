// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char usage[] =
    "checkasm: every kernel of every supported level against the reference\n"
    "  --seed N      replay a run (default: the time)\n"
    "  --rounds N    repeat every check with N seeds (default 1)\n"
    "  --level NAME  ref, avx2, avx512vnni, neon or dotprod; default: EDGE_CPU, else all supported\n"
    "  --kernel NAME one kernel\n"
    "  --bench       time instead of check\n"
    "  --list        print kernels and supported levels\n";

typedef struct {
    ca_options run;
    const char *level; // or NULL for all
    int bench, list;
} arguments;

static int fail_usage(const char *message, const char *what) {
    fprintf(stderr, "checkasm: %s%s\n%s", message, what, usage);
    return 2;
}

static int parse(int argc, char **argv, arguments *out) {
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        const char *name = argv[i];
        if (strcmp(name, "--bench") == 0)
            out->bench = 1;
        else if (strcmp(name, "--list") == 0)
            out->list = 1;
        else if (!value)
            return fail_usage("unknown, or lacks its value: ", name);
        else if (strcmp(name, "--seed") == 0)
            out->run.seed = strtoull(argv[++i], NULL, 0);
        else if (strcmp(name, "--rounds") == 0)
            out->run.rounds = strtoul(argv[++i], NULL, 0);
        else if (strcmp(name, "--level") == 0)
            out->level = argv[++i];
        else if (strcmp(name, "--kernel") == 0)
            out->run.kernel = argv[++i];
        else
            return fail_usage("unknown: ", name);
    }
    if (out->level && *out->level == '\0')
        out->level = NULL;
    const int level = out->level ? ek_level_of_name(out->level) : 0;
    if (level < 0 || !ek_level_supported((enum ek_level)level))
        return fail_usage("level unknown or not supported here: ", out->level);
    int known = !out->run.kernel;
    for (size_t i = 0; !known && i < ca_n_kernels; i++)
        known = strcmp(out->run.kernel, ca_kernels[i]->name) == 0;
    return known ? 0 : fail_usage("unknown kernel: ", out->run.kernel);
}

static int selected(const arguments *args, enum ek_level level) {
    return ek_level_supported(level) && (!args->level || strcmp(args->level, ek_level_name(level)) == 0);
}

static void list(void) {
    for (size_t i = 0; i < ca_n_kernels; i++)
        printf("kernel %s\n", ca_kernels[i]->name);
    for (int level = 0; level < EK_N_LEVELS; level++)
        if (ek_level_supported((enum ek_level)level))
            printf("level %s\n", ek_level_name((enum ek_level)level));
}

static void bench(const arguments *args) {
    for (size_t i = 0; i < ca_n_kernels; i++)
        for (int level = 0; level < EK_N_LEVELS; level++)
            if ((!args->run.kernel || strcmp(args->run.kernel, ca_kernels[i]->name) == 0) &&
                selected(args, (enum ek_level)level))
                ca_bench_kernel(ca_kernels[i], ek_level_name((enum ek_level)level),
                                ek_table_of((enum ek_level)level));
}

static int check(const arguments *args) {
    size_t n_failures = 0;
    printf("checkasm: seed %llu\n", (unsigned long long)args->run.seed);
    for (int level = 0; level < EK_N_LEVELS; level++) {
        if (!selected(args, (enum ek_level)level))
            continue;
        const char *name = ek_level_name((enum ek_level)level);
        const ca_result result = ca_run_level(name, ek_table_of((enum ek_level)level), &args->run, 0);
        printf("%-11s %2zu kernels %8zu cases %3zu failed\n", name, result.n_kernels, result.n_cases,
               result.n_failures);
        n_failures += result.n_failures;
    }
    return n_failures ? 1 : 0;
}

int main(int argc, char **argv) {
    arguments args = {.run = {.seed = (uint64_t)time(NULL), .rounds = 1}, .level = getenv("EDGE_CPU")};
    setvbuf(stdout, NULL, _IOLBF, 0);
    const int error = parse(argc, argv, &args);
    if (error)
        return error;
    if (ca_unchecked_slot() >= 0) {
        fprintf(stderr, "checkasm: pointer %d of ek_table has no check\n", ca_unchecked_slot());
        return 1;
    }
    if (args.list)
        list();
    else if (args.bench)
        bench(&args);
    else
        return check(&args);
    return 0;
}
