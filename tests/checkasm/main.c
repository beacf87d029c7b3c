// SPDX-License-Identifier: Apache-2.0
#include "checkasm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char usage[] =
    "checkasm: every kernel of every supported level against the reference\n"
    "  --seed N      replay a run (default: the time)\n"
    "  --budget B    small: every check once (default); full: with 10 seeds; or how many seeds\n"
    "  --level NAME  a level that --list prints; default: EDGE_CPU, else all supported\n"
    "  --kernel NAME one kernel\n"
    "  --bench       time instead of check\n"
    "  --self-test   plant bugs and see that each is found\n"
    "  --list        print kernels and supported levels\n";

typedef struct {
    ca_options run;
    const char *level; // or NULL for all
    int bench, list, self_test;
} arguments;

static int fail_usage(const char *message, const char *what) {
    fprintf(stderr, "checkasm: %s%s\n%s", message, what, usage);
    return 2;
}

// Nonzero where all of `text` is a number.
static int read_number(const char *text, uint64_t *number) {
    char *end;
    *number = strtoull(text, &end, 0);
    return *text >= '0' && *text <= '9' && *end == '\0';
}

// Nonzero where `text` is a budget: a name, or how many rounds.
static int read_budget(const char *text, size_t *rounds) {
    uint64_t number = 0;
    if (strcmp(text, "small") == 0)
        number = 1;
    else if (strcmp(text, "full") == 0)
        number = 10;
    else if (!read_number(text, &number))
        return 0;
    *rounds = (size_t)number;
    return number > 0;
}

static int has_kernel(const char *name) {
    for (size_t i = 0; i < ca_n_kernels; i++)
        if (strcmp(name, ca_kernels[i]->name) == 0)
            return 1;
    return 0;
}

static int has_level(const char *name) {
    const int level = ek_level_of_name(name);
    return level >= 0 && ek_level_supported((enum ek_level)level);
}

// Nonzero where there is an option of that name and it takes that value.
static int set_option(arguments *out, const char *name, const char *value) {
    if (strcmp(name, "--seed") == 0)
        return read_number(value, &out->run.seed);
    if (strcmp(name, "--budget") == 0)
        return read_budget(value, &out->run.rounds);
    if (strcmp(name, "--level") == 0)
        out->level = value;
    else if (strcmp(name, "--kernel") == 0)
        out->run.kernel = value;
    else
        return 0;
    return 1;
}

// 0, or the exit status after saying what is wrong.
static int parse(int argc, char **argv, arguments *out) {
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (strcmp(name, "--bench") == 0)
            out->bench = 1;
        else if (strcmp(name, "--list") == 0)
            out->list = 1;
        else if (strcmp(name, "--self-test") == 0)
            out->self_test = 1;
        else if (i + 1 == argc || !set_option(out, name, argv[++i]))
            return fail_usage("unknown, or lacks a value that it takes: ", name);
    }
    if (out->level && *out->level == '\0')
        out->level = NULL;
    if (out->level && !has_level(out->level))
        return fail_usage("level unknown or not supported here: ", out->level);
    if (out->run.kernel && !has_kernel(out->run.kernel))
        return fail_usage("unknown kernel: ", out->run.kernel);
    return 0;
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
    if (args.self_test)
        return ca_self_test(args.run.seed) ? 1 : 0;
    if (args.list)
        list();
    else if (args.bench)
        bench(&args);
    else
        return check(&args);
    return 0;
}
