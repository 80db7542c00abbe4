"""Makes the guest's root file system: a cpio archive in the "newc" form, gzipped."""

import gzip
import stat
from pathlib import Path


class Archive:
    """Files for the guest, by path without a slash in front."""

    def __init__(self):
        self.chunks = []
        self.known = set()
        self.count = 0

    def _entry(self, name, mode, data=b""):
        self.count += 1
        path = name.encode() + b"\0"
        fields = [self.count, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0]
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + path
        self.chunks += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]

    def folder(self, name):
        """A folder, and those above it."""
        if name in (".", "") or name in self.known:
            return
        self.folder(str(Path(name).parent))
        self.known.add(name)
        self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        """A file with these bytes."""
        self.folder(str(Path(name).parent))
        self._entry(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        """A symbolic link."""
        self.folder(str(Path(name).parent))
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def tree(self, name, source, mode=0o644):
        """The files of the folder `source`."""
        for path in sorted(source.rglob("*")):
            if path.is_file():
                self.file(f"{name}/{path.relative_to(source)}", path.read_bytes(), mode)

    def write(self, path):
        """Writes the archive, quickly rather than small."""
        self._entry("TRAILER!!!", 0)
        path.write_bytes(gzip.compress(b"".join(self.chunks), 1))


def add_modules(archive, modules, wanted):
    """The modules in `wanted` with all that they need, where modprobe looks for them."""
    folder = f"lib/modules/{modules.version}"
    found = modules.closure(wanted)
    for name, (data, _) in found.items():
        archive.file(f"{folder}/{name}.ko", data)

    def first(name):
        """What must be loaded before `name`, in order."""
        order = []
        for need in found[name][1]:
            if need in found:
                order += [*first(need), need]
        return list(dict.fromkeys(order))

    # modprobe loads them from the last to the first.
    lines = [f"{name}.ko: {' '.join(f'{n}.ko' for n in reversed(first(name)))}" for name in found]
    archive.file(f"{folder}/modules.dep", "\n".join(lines).encode() + b"\n")


def add_libraries(archive, sysroot, names):
    """The C library that the programs were linked with, from `sysroot`."""
    for name in names:
        path = next(sysroot.glob(f"lib/*/{name}"), None) or next(sysroot.glob(f"usr/lib/*/{name}"))
        archive.file(f"lib/{name}", path.resolve().read_bytes(), 0o755)
