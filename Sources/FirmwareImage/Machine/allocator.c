// The heap: a list of free blocks in the order of their addresses, first fit, neighbours joined.
#include "Machine.h"

extern char machine_heap_start[], machine_heap_end[];

/// In front of every block. A free block is at least as large as this.
struct block {
  size_t size;  // of the whole block, this header included; a multiple of 8
  struct block *next;
};

enum { header = sizeof(struct block) };
/// `next` of a block in use: freeing anything else is an error that must not pass.
#define IN_USE ((struct block *)0xA110CA7E)

static struct block *first;
static int is_ready;
static uint32_t allocations, in_use, most_in_use;

static void prepare(void) {
  first = (struct block *)machine_heap_start;
  first->size = (size_t)(machine_heap_end - machine_heap_start);
  first->next = NULL;
  is_ready = 1;
}

/// Swift does not expect to be refused; address 0 is memory here, and must not be taken for a block.
static _Noreturn int full(void) {
  machine_say("the heap is full\n");
  machine_exit(73);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
  if (!is_ready) prepare();
  if (size > (size_t)(machine_heap_end - machine_heap_start)) return full();
  size_t needed = header + ((size + 7) & ~(size_t)7);
  if (needed < 2 * header) needed = 2 * header;
  if (alignment < 8) alignment = 8;
  for (struct block **link = &first; *link; link = &(*link)->next) {
    struct block *block = *link;
    // What lies before the aligned place stays free, so it must be able to hold a header.
    uintptr_t begin = (uintptr_t)block + header;
    uintptr_t place = (begin + alignment - 1) & ~(alignment - 1);
    while (place != begin && place - begin < header) place += alignment;
    size_t front = place - begin;
    if (block->size < front + needed) continue;
    if (front > 0) {
      struct block *rest = (struct block *)(place - header);
      rest->size = block->size - front;
      rest->next = block->next;
      block->size = front;
      block->next = rest;
      link = &block->next;
      block = rest;
    }
    if (block->size - needed >= 2 * header) {
      struct block *rest = (struct block *)((char *)block + needed);
      rest->size = block->size - needed;
      rest->next = block->next;
      block->size = needed;
      *link = rest;
    } else {
      *link = block->next;
    }
    block->next = IN_USE;
    allocations++;
    in_use += block->size;
    if (in_use > most_in_use) most_in_use = in_use;
    *result = (void *)place;
    return 0;
  }
  return full();
}

void free(void *pointer) {
  if (!pointer) return;
  struct block *block = (struct block *)((char *)pointer - header);
  if (block->next != IN_USE) {
    machine_say("a block was freed that is not in use\n");
    machine_exit(72);
  }
  in_use -= block->size;
  struct block **link = &first, *before = NULL;
  while (*link && *link < block) {
    before = *link;
    link = &(*link)->next;
  }
  block->next = *link;
  *link = block;
  if (block->next && (char *)block + block->size == (char *)block->next) {
    block->size += block->next->size;
    block->next = block->next->next;
  }
  if (before && (char *)before + before->size == (char *)block) {
    before->size += block->size;
    before->next = block->next;
  }
}

uint32_t machine_heap_allocations(void) { return allocations; }
uint32_t machine_heap_in_use(void) { return in_use; }
uint32_t machine_heap_most_in_use(void) { return most_in_use; }
