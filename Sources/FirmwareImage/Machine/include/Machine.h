// What the machine offers the card in place of an operating system: flash memory, wiping, files of
// the host through ARM semihosting, and figures about itself.
#ifndef MACHINE_H
#define MACHINE_H

#include <stddef.h>
#include <stdint.h>

/// The first byte of the memory that stands for the chip's flash.
uint8_t *machine_flash(void);
/// Bytes in that memory.
size_t machine_flash_size(void);

/// Overwrites with zeros; no optimiser removes it.
void machine_wipe(void *bytes, size_t count);

/// Opens a file of the host; negative where that is not possible.
int32_t machine_open_to_read(const char *path);
/// Makes a file of the host, or empties it; negative where that is not possible.
int32_t machine_open_to_write(const char *path);
/// Reads; answers how many bytes came.
size_t machine_read(int32_t file, void *bytes, size_t count);
/// Writes; answers how many bytes went.
size_t machine_write(int32_t file, const void *bytes, size_t count);
/// Closes a file.
void machine_close(int32_t file);
/// Writes a line to the host's console.
void machine_say(const char *text);
/// Ends the machine; the status is that of the emulator's process.
_Noreturn void machine_exit(int32_t status);

/// How many blocks were taken from the heap since the reset.
uint32_t machine_heap_allocations(void);
/// Bytes of the heap in use, with what the allocator itself needs for them.
uint32_t machine_heap_in_use(void);
/// Writes code size, data, the most heap and the most stack in use so far to the host's console.
void machine_report(void);

#endif
