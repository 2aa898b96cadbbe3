// What ThreadSanitizer does not see of Swift's Synchronization.Mutex. Its lock is inlined into the
// program, and instrumented, as long as nobody has to wait. What happens then is in the standard
// library, which is not instrumented. `make sanitize` links these in front of it, the same functions
// that say that they lock and unlock.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>
#include <stdbool.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lock(uint32_t thread, SELF) __asm__(LOCK);
SWIFT bool try_lock(SELF) __asm__(TRY_LOCK);
SWIFT void unlock(SELF) __asm__(UNLOCK);

static SWIFT void (*next_lock)(uint32_t thread, SELF);
static SWIFT bool (*next_try_lock)(SELF);
static SWIFT void (*next_unlock)(SELF);

__attribute__((constructor)) static void find(void) {
  next_lock = dlsym(RTLD_NEXT, LOCK);
  next_try_lock = dlsym(RTLD_NEXT, TRY_LOCK);
  next_unlock = dlsym(RTLD_NEXT, UNLOCK);
}

SWIFT void lock(uint32_t thread, SELF) {
  next_lock(thread, self);
  __tsan_acquire(self);
}

SWIFT bool try_lock(SELF) {
  bool locked = next_try_lock(self);
  if (locked) __tsan_acquire(self);
  return locked;
}

SWIFT void unlock(SELF) {
  __tsan_release(self);
  next_unlock(self);
}
