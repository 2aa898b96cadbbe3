// From reset to the card: vector table, initial contents of RAM, and what happens on a fault.
#include "Machine.h"

extern uint32_t machine_stack_bottom[], machine_stack_top[];
extern uint32_t machine_data_start[], machine_data_end[], machine_data_image[];
extern uint32_t machine_bss_start[], machine_bss_end[];

int32_t card_main(void);

/// What the stack is filled with, to see later how deep it went.
static const uint32_t unused = 0xC5C5C5C5;

static _Noreturn void reset(void) {
  // Down to here the stack is not in use yet; this function must not call any other before.
  uint32_t *here = __builtin_frame_address(0);
  for (uint32_t *word = machine_stack_bottom; word < here - 64; word++) *word = unused;
  const uint32_t *image = machine_data_image;
  for (uint32_t *word = machine_data_start; word < machine_data_end; word++) *word = *image++;
  for (uint32_t *word = machine_bss_start; word < machine_bss_end; word++) *word = 0;
  machine_exit(card_main());
}

uint32_t machine_stack_used(void) {
  const uint32_t *word = machine_stack_bottom;
  while (word < machine_stack_top && *word == unused) word++;
  return (uint32_t)((const char *)machine_stack_top - (const char *)word);
}

// A trap of Swift's is an undefined instruction, and ends here like every other fault.
static void fault(void) {
  machine_say("the machine stopped at a fault\n");
  machine_exit(70);
}

typedef void (*vector)(void);

__attribute__((section(".vectors"), used)) const vector machine_vectors[] = {
    (vector)machine_stack_top, (vector)reset, fault, fault, fault, fault, fault,
};

// Swift checks returns for a damaged stack where it uses pointers.
uintptr_t __stack_chk_guard = 0x5AFEC0DE;
_Noreturn void __stack_chk_fail(void) {
  machine_say("the stack was damaged\n");
  machine_exit(71);
}
