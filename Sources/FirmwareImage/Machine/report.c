// What the image takes of the chip, told by the image itself.
#include "Machine.h"

extern char machine_text_start[], machine_text_end[], machine_data_start[], machine_data_end[];
extern char machine_bss_start[], machine_bss_end[];

uint32_t machine_heap_most_in_use(void);
uint32_t machine_stack_used(void);

static void say_figure(const char *name, uint32_t value) {
  char digits[12];
  char *digit = digits + sizeof digits;
  *--digit = 0;
  *--digit = '\n';
  do {
    *--digit = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  machine_say(name);
  machine_say(digit);
}

void machine_report(void) {
  const uint32_t data = (uint32_t)(machine_data_end - machine_data_start);
  const uint32_t bss = (uint32_t)(machine_bss_end - machine_bss_start);
  // Read before saying anything: saying takes stack too.
  const uint32_t heap = machine_heap_most_in_use(), stack = machine_stack_used();
  say_figure("text ", (uint32_t)(machine_text_end - machine_text_start));
  say_figure("data ", data);
  say_figure("bss ", bss);
  say_figure("heap ", heap);
  say_figure("stack ", stack);
  say_figure("ram ", data + bss + heap + stack);
}
