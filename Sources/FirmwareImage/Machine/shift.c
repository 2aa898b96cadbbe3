// Shifts of 64 bits by a number the compiler does not know (AAPCS run-time ABI, 4.2).
#include "Machine.h"

/// The halves by name: shifting the whole here would call these functions again.
union halves {
  uint64_t whole;
  struct {
    uint32_t low, high;
  };
};

uint64_t __aeabi_llsl(uint64_t value, int32_t count) {
  union halves from = {value}, to;
  if (count >= 32) {
    to.low = 0;
    to.high = from.low << (count - 32);
  } else if (count > 0) {
    to.low = from.low << count;
    to.high = from.high << count | from.low >> (32 - count);
  } else {
    to = from;
  }
  return to.whole;
}

uint64_t __aeabi_llsr(uint64_t value, int32_t count) {
  union halves from = {value}, to;
  if (count >= 32) {
    to.high = 0;
    to.low = from.high >> (count - 32);
  } else if (count > 0) {
    to.high = from.high >> count;
    to.low = from.low >> count | from.high << (32 - count);
  } else {
    to = from;
  }
  return to.whole;
}
