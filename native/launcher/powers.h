/* Capabilities, which belong to threads: shed before there are several. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Leaves exactly these in every set of capabilities, through the exec to come, and nothing ever again to be had.
 * False, with nothing changed, where one of them is missing.
 */
bool keep_powers(const int *kept, size_t count);
