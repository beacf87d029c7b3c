// SPDX-License-Identifier: Apache-2.0
// Which level the processor can run: classes of machines rather than single features.
#ifndef EK_CPU_H
#define EK_CPU_H

enum ek_level { EK_REF, EK_AVX2, EK_AVXVNNI, EK_AVX512VNNI, EK_NEON, EK_DOTPROD, EK_I8MM, EK_N_LEVELS };

// Name of a level as EDGE_CPU spells it.
const char *ek_level_name(enum ek_level level);

// The level of that name, or -1.
int ek_level_of_name(const char *name);

// Nonzero where this processor and operating system can run that level, and this build contains it.
int ek_level_supported(enum ek_level level);

// The fastest supported level.
enum ek_level ek_level_best(void);

#endif
