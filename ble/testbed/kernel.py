"""Fetches a Debian kernel without installing it and makes of it what QEMU boots: kernel.py CACHE

Prints the folder below CACHE that holds `vmlinux`, and `modules/NNN-name.ko` in the order in which
they are to be loaded. Environment: BLE_KERNEL names a package (or package=version) to use instead
of the one chosen here.
"""

import lzma
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

# What the guest needs. Up to `overlay` it is for the root file system; algif_* are btvirt's
# cryptography, drbg must be there before ecdh_generic, the rest is Bluetooth.
EARLY = ["virtio_pci", "9pnet_virtio", "9p", "overlay"]
LATE = ["ctr", "hmac", "sha512_generic", "drbg", "ecb", "cmac", "ccm", "ecdh_generic"]
LATE += ["algif_hash", "algif_skcipher", "bluetooth", "hci_vhci"]

# Kernels these tests ran on, and kernels known to crash: in 6.1.188 … 6.1.192 hci_chan_del() hits
# a BUG when a host reconnects to a token that has forgotten it. Anything newer is believed sound.
KNOWN_GOOD = ((6, 1, 170), (6, 1, 187))
KNOWN_BAD = ((6, 1, 188), (6, 1, 192))


class Unavailable(Exception):
    """No kernel; says what was attempted and what to do."""


def run(*command):
    try:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    except FileNotFoundError:
        raise Unavailable(f"{command[0]} is missing: this needs Debian's package client") from None
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"{' '.join(command)} ended with {error.returncode}") from None


def number(version):
    """The numbers a version begins with: 6.1.187-1 is (6, 1, 187)."""
    return tuple(int(part) for part in re.match(r"[\d.]*\d", version).group().split("."))


def known():
    """The names of the kernel packages the package client knows."""
    pattern = r"^linux-image-[0-9][^ ]*-amd64$"
    names = [line.split()[0] for line in run("apt-cache", "search", "--names-only", pattern)
             .decode().splitlines()]
    # Those for clouds have no Bluetooth, those with -rt are another kernel.
    return [name for name in names if not re.search(r"-(cloud|rt)-amd64$", name)]


def offered():
    """(version, package) of the kernels the package client knows, newest first."""
    names = known()
    if not names and os.geteuid() == 0:
        # A machine whose packages were all there already has no lists of them.
        run("apt-get", "update", "-qq")
        names = known()
    if not names:
        raise Unavailable("no linux-image package is known here: run apt-get update; on other "
                          "systems than Debian amd64 there is none")
    listing = run("apt-cache", "show", "--no-all-versions", *names).decode()
    found = [tuple(re.search(rf"^{field}: (\S+)", entry, re.M).group(1)
                   for field in ("Version", "Package"))
             for entry in listing.strip().split("\n\n")]
    return sorted(found, key=lambda each: number(each[0]), reverse=True)


def choose():
    """The newest kernel these tests ran on; else the newest that is not known to crash."""
    kernels = offered()
    for version, package in kernels:
        if KNOWN_GOOD[0] <= number(version)[:3] <= KNOWN_GOOD[1]:
            return f"{package}={version}"
    for version, package in kernels:
        if not KNOWN_BAD[0] <= number(version)[:3] <= KNOWN_BAD[1]:
            return f"{package}={version}"
    version, package = kernels[0]
    print(f"{package} {version} crashes when a host reconnects to a token that has forgotten it, "
          "and no other kernel is offered", file=sys.stderr)
    return f"{package}={version}"


def unpack_image(image):
    """The ELF inside a bzImage. QEMU enters it by its PVH note and need not decompress it, which
    takes three seconds under emulation."""
    if image[0x1FE:0x200] != b"\x55\xaa" or image[0x202:0x206] != b"HdrS":
        raise Unavailable("the package's vmlinuz is no bzImage")
    offset = (image[0x1F1] + 1) * 512 + struct.unpack_from("<I", image, 0x248)[0]
    payload = image[offset:offset + struct.unpack_from("<I", image, 0x24C)[0]]
    if payload.startswith(b"\xfd7zXZ\0"):
        elf = lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(payload)
    elif payload.startswith(b"\x1f\x8b"):
        elf = zlib.decompressobj(31).decompress(payload)
    elif payload.startswith(b"\x28\xb5\x2f\xfd"):
        # What follows the frame is the length of what is inside: zstd complains, and is right.
        elf = subprocess.run(["zstd", "-dc"], input=payload, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=False).stdout
    else:
        raise Unavailable(f"the kernel is compressed in an unknown way: {payload[:6].hex()}")
    if not elf.startswith(b"\x7fELF"):
        raise Unavailable("what the bzImage holds is no ELF file")
    return elf


def plain(path):
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def module_order(tree, builtin):
    """[(name, object code)] of the modules wanted and those they depend on, these first."""
    def canonical(name):
        return name.split("/")[-1].split(".ko")[0].replace("-", "_")

    files = {canonical(path.name): path for path in tree.rglob("*.ko*")}
    built = {canonical(line) for line in builtin.splitlines()}
    order = {}

    def add(name):
        if name in order or name in built:
            return
        if name not in files:
            raise Unavailable(f"this kernel has no module {name}")
        code = plain(files[name])
        needed = re.search(rb"\0depends=([^\0]*)\0", code).group(1).decode()
        for each in filter(None, needed.split(",")):
            add(canonical(each))
        order[name] = code

    for name in EARLY + LATE:
        add(canonical(name))
    return list(order.items())


def prepare(package, folder):
    """Fetches the package and puts what is needed of it into the folder, all or nothing."""
    print(f"fetching {package}", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        work = pathlib.Path(temporary)
        # As root, the client would switch to a user who may not write here.
        subprocess.run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", package],
                       cwd=work, check=True, stdout=sys.stderr)
        archive, = work.glob("*.deb")
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive],
                              stdout=subprocess.PIPE) as deb:
            subprocess.run(["tar", "-x", "--no-same-owner", "-C", work, "./boot", "./lib"],
                           stdin=deb.stdout, check=True)
        image, = work.glob("boot/vmlinuz-*")
        tree, = work.glob("lib/modules/*")
        ready = work / "ready"
        (ready / "modules").mkdir(parents=True)
        (ready / "vmlinux").write_bytes(unpack_image(image.read_bytes()))
        modules = module_order(tree, (tree / "modules.builtin").read_text())
        for position, (name, code) in enumerate(modules):
            (ready / "modules" / f"{position:03}-{name}.ko").write_bytes(code)
        ready.rename(folder)


def main():
    cache = pathlib.Path(sys.argv[1])
    cache.mkdir(parents=True, exist_ok=True)
    pinned = os.environ.get("BLE_KERNEL")
    chosen = cache / "kernel"
    try:
        if pinned or not chosen.exists():
            package = pinned or choose()
            folder = cache / re.sub(r"[^\w.+-]", "_", package)
            if not folder.exists():
                prepare(package, folder)
            if not pinned:
                # So that the package client is asked once.
                chosen.write_text(folder.name)
        else:
            folder = cache / chosen.read_text()
    except (Unavailable, subprocess.CalledProcessError) as error:
        sys.exit(f"ble/testbed: cannot get a kernel: {error}")
    print(folder)


if __name__ == "__main__":
    main()
