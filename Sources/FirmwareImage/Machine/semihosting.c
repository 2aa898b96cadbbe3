// The host's files and console (Arm, Semihosting for AArch32 and AArch64, release 2.0).
#include "Machine.h"

enum operation {
  SYS_OPEN = 0x01,
  SYS_CLOSE = 0x02,
  SYS_WRITE0 = 0x04,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_EXIT_EXTENDED = 0x20,
};

/// Modes of SYS_OPEN: "rb" and "wb" of ISO C.
enum { read_binary = 1, write_binary = 5 };
/// Reason of SYS_EXIT_EXTENDED: the application ended by itself.
enum { application_exit = 0x20026 };

static int32_t call(enum operation operation, const void *parameters) {
  register int32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = parameters;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static int32_t open(const char *path, uint32_t mode) {
  uint32_t length = 0;
  while (path[length]) length++;
  const uint32_t parameters[] = {(uint32_t)path, mode, length};
  return call(SYS_OPEN, parameters);
}

int32_t machine_open_to_read(const char *path) { return open(path, read_binary); }
int32_t machine_open_to_write(const char *path) { return open(path, write_binary); }

// Both calls answer how many bytes were left over.
size_t machine_read(int32_t file, void *bytes, size_t count) {
  const uint32_t parameters[] = {(uint32_t)file, (uint32_t)bytes, count};
  uint32_t left = (uint32_t)call(SYS_READ, parameters);
  return left > count ? 0 : count - left;
}

size_t machine_write(int32_t file, const void *bytes, size_t count) {
  const uint32_t parameters[] = {(uint32_t)file, (uint32_t)bytes, count};
  uint32_t left = (uint32_t)call(SYS_WRITE, parameters);
  return left > count ? 0 : count - left;
}

void machine_close(int32_t file) {
  const uint32_t parameters[] = {(uint32_t)file};
  call(SYS_CLOSE, parameters);
}

void machine_say(const char *text) { call(SYS_WRITE0, text); }

_Noreturn void machine_exit(int32_t status) {
  const uint32_t parameters[] = {application_exit, (uint32_t)status};
  call(SYS_EXIT_EXTENDED, parameters);
  for (;;) {
  }
}
