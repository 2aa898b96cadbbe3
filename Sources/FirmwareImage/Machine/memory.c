// The functions that compilers call without being asked (AAPCS run-time ABI, 4.3.4). They are
// compiled with -fno-builtin: a loop that copies must not become a call of itself.
#include "Machine.h"

void *memcpy(void *target, const void *source, size_t count) {
  char *to = target;
  const char *from = source;
  while (count--) *to++ = *from++;
  return target;
}

void *memmove(void *target, const void *source, size_t count) {
  char *to = target;
  const char *from = source;
  if (to <= from) return memcpy(target, source, count);
  while (count--) to[count] = from[count];
  return target;
}

void *memset(void *target, int value, size_t count) {
  char *to = target;
  while (count--) *to++ = (char)value;
  return target;
}

int memcmp(const void *left, const void *right, size_t count) {
  const unsigned char *one = left, *other = right;
  for (; count--; one++, other++) {
    if (*one != *other) return *one - *other;
  }
  return 0;
}

void __aeabi_memcpy(void *target, const void *source, size_t count) {
  memcpy(target, source, count);
}
void __aeabi_memmove(void *target, const void *source, size_t count) {
  memmove(target, source, count);
}
// The order of the last two parameters is the ABI's.
void __aeabi_memset(void *target, size_t count, int value) { memset(target, value, count); }
void __aeabi_memclr(void *target, size_t count) { memset(target, 0, count); }

#define ALIAS(name, of) __typeof__(of) name __attribute__((alias(#of)))
ALIAS(__aeabi_memcpy4, __aeabi_memcpy);
ALIAS(__aeabi_memcpy8, __aeabi_memcpy);
ALIAS(__aeabi_memmove4, __aeabi_memmove);
ALIAS(__aeabi_memmove8, __aeabi_memmove);
ALIAS(__aeabi_memset4, __aeabi_memset);
ALIAS(__aeabi_memset8, __aeabi_memset);
ALIAS(__aeabi_memclr4, __aeabi_memclr);
ALIAS(__aeabi_memclr8, __aeabi_memclr);

void machine_wipe(void *bytes, size_t count) {
  volatile char *byte = bytes;
  while (count--) *byte++ = 0;
}
