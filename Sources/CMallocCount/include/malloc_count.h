#ifndef MALLOC_COUNT_H
#define MALLOC_COUNT_H

/// How often the C library has been asked for heap memory so far, by any thread: malloc, calloc,
/// realloc, memalign and their kin. Linking this module puts the counter in front of glibc's
/// allocator; only the program that counts links it.
unsigned long softdna_malloc_count(void);

#endif
