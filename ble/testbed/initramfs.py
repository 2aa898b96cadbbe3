"""Writes the guest's first file system: initramfs.py MODULES INIT BUSYBOX OUTPUT (see cpio(5))"""

import pathlib
import sys


def entry(name, mode, data=b"", device=(0, 0)):
    encoded = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
    return b"".join(part + b"\0" * (-len(part) % 4) for part in (head, data))


def main():
    modules, init, busybox, output = map(pathlib.Path, sys.argv[1:])
    archive = [entry(folder, 0o40755) for folder in
               ("bin", "dev", "proc", "sys", "ro", "rw", "root", "modules")]
    archive.append(entry("dev/console", 0o20600, device=(5, 1)))
    archive.append(entry("bin/busybox", 0o100755, busybox.read_bytes()))
    archive.append(entry("init", 0o100755, init.read_bytes()))
    for path in sorted(modules.iterdir()):
        archive.append(entry(f"modules/{path.name}", 0o100644, path.read_bytes()))
    archive.append(entry("TRAILER!!!", 0))
    temporary = output.with_suffix(".new")
    temporary.write_bytes(b"".join(archive))
    temporary.rename(output)


if __name__ == "__main__":
    main()
