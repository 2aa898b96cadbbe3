/* The PC/SC client interface of pcsc-lite; no code of our own. */
#include <winscard.h>
#include <wintypes.h>
