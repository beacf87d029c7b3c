// SPDX-License-Identifier: Apache-2.0
// What a product does with its result: replaces what `out` holds, or adds to it.
#ifndef EK_MODE_H
#define EK_MODE_H

enum ek_mode { EK_STORE = 0, EK_ADD = 1 };

#endif
