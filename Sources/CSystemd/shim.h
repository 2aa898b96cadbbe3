/* libsystemd's D-Bus, and the C library's eventfd, which Swift's Glibc leaves out; no code of our
   own. */
#include <sys/eventfd.h>
#include <systemd/sd-bus.h>
