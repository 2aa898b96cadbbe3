// The chip's flash: RAM here, outside of everything the figures count.
#include "Machine.h"

extern uint8_t machine_flash_start[], machine_flash_end[];

uint8_t *machine_flash(void) { return machine_flash_start; }
size_t machine_flash_size(void) { return (size_t)(machine_flash_end - machine_flash_start); }
