// SPDX-License-Identifier: Apache-2.0
// Built with baseline flags: detection must run on every machine.
#include "cpu.h"

#include <string.h>

static const char *const level_names[EK_N_LEVELS] = {"ref", "avx2", "avxvnni", "avx512vnni", "neon", "dotprod", "i8mm"};

const char *ek_level_name(enum ek_level level) { return level_names[level]; }

int ek_level_of_name(const char *name) {
    for (int level = 0; level < EK_N_LEVELS; level++)
        if (strcmp(name, level_names[level]) == 0)
            return level;
    return -1;
}

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdint.h>

enum { LEAF_7_1_EAX_AVXVNNI = 1 << 4 };
enum { OS_SAVES_YMM = 0x06, OS_SAVES_ZMM = 0xE6 };

static uint64_t os_saved_state(void) { // xgetbv
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static int has_bits(uint32_t value, uint32_t bits) { return (value & bits) == bits; }

int ek_level_supported(enum ek_level level) {
    uint32_t eax, ebx, ecx, edx, ebx7, ecx7, eax71 = 0;
    if (level == EK_REF)
        return 1;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !has_bits(ecx, bit_OSXSAVE | bit_AVX | bit_FMA))
        return 0;
    if (!__get_cpuid_count(7, 0, &eax, &ebx7, &ecx7, &edx))
        return 0;
    if (eax >= 1) // subleaves that there are
        __cpuid_count(7, 1, eax71, ebx, ecx, edx);
    const uint64_t saved = os_saved_state();
    const int has_avx2 = has_bits(ebx7, bit_AVX2) && (saved & OS_SAVES_YMM) == OS_SAVES_YMM;
    if (level == EK_AVX2)
        return has_avx2;
#ifdef EK_HAS_AVXVNNI
    if (level == EK_AVXVNNI)
        return has_avx2 && has_bits(eax71, LEAF_7_1_EAX_AVXVNNI);
#endif
    if (level == EK_AVX512VNNI)
        return has_bits(ebx7, bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL) &&
               has_bits(ecx7, bit_AVX512VNNI) && (saved & OS_SAVES_ZMM) == OS_SAVES_ZMM;
    return 0;
}

#elif defined(__aarch64__)
#if defined(__linux__)
#include <sys/auxv.h>
#ifndef HWCAP_ASIMDDP
#define HWCAP_ASIMDDP (1 << 20)
#endif
#ifndef HWCAP2_I8MM
#define HWCAP2_I8MM (1 << 13)
#endif
static int has_dotprod(void) { return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; }
static int has_i8mm(void) { return has_dotprod() && (getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0; }
#elif defined(__APPLE__)
#include <stddef.h>
#include <sys/sysctl.h>
static int has_dotprod(void) { return 1; } // every Apple arm64 processor has it
static int has_i8mm(void) {                // since the M2
    int has = 0;
    size_t size = sizeof has;
    return sysctlbyname("hw.optional.arm.FEAT_I8MM", &has, &size, NULL, 0) == 0 && has;
}
#else
static int has_dotprod(void) { return 0; }
static int has_i8mm(void) { return 0; }
#endif

int ek_level_supported(enum ek_level level) {
#ifdef EK_HAS_I8MM
    if (level == EK_I8MM)
        return has_i8mm();
#else
    (void)has_i8mm;
#endif
    return level == EK_REF || level == EK_NEON || (level == EK_DOTPROD && has_dotprod());
}

#else
int ek_level_supported(enum ek_level level) { return level == EK_REF; }
#endif

enum ek_level ek_level_best(void) {
    for (int level = EK_N_LEVELS - 1; level > EK_REF; level--)
        if (ek_level_supported((enum ek_level)level))
            return (enum ek_level)level;
    return EK_REF;
}
