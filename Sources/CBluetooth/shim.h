/* BlueZ's libbluetooth (GPL-2.0-or-later): addresses, adapters, L2CAP sockets; no code of our own. */
#include <bluetooth/bluetooth.h>
#include <bluetooth/hci.h>
#include <bluetooth/hci_lib.h>
#include <bluetooth/l2cap.h>
