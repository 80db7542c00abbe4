"""The kernel modules of a Debian package: which are there, and what each needs."""

import lzma
import re
from pathlib import Path


def plain_name(path):
    """The name of a module as the kernel writes it: virtio-gpu.ko.xz is virtio_gpu."""
    return Path(path).name.split(".ko")[0].replace("-", "_")


class Modules:
    """The modules below `folder`, which holds `lib/modules/VERSION`."""

    def __init__(self, folder):
        roots = [*folder.glob("lib/modules/*"), *folder.glob("usr/lib/modules/*")]
        self.root = next(root for root in roots if (root / "kernel").is_dir())
        self.version = self.root.name
        self.paths = {plain_name(path): path for path in self.root.rglob("*.ko*")}
        lines = (self.root / "modules.builtin").read_text().split()
        self.builtin = {plain_name(line) for line in lines}

    def content(self, name):
        """The bytes of module `name`, unpacked."""
        path = self.paths[name]
        data = path.read_bytes()
        return lzma.decompress(data) if path.suffix == ".xz" else data

    def closure(self, wanted):
        """Each module that `wanted` need, by name, with its bytes and the names it depends on."""
        found = {}
        queue = [name.replace("-", "_") for name in wanted]
        while queue:
            name = queue.pop()
            if name in found or name in self.builtin:
                continue
            if name not in self.paths:
                raise SystemExit(f"Debian's kernel {self.version} has no module {name}")
            data = self.content(name)
            needs = depends(data)
            found[name] = (data, needs)
            queue += needs
        return found


def depends(data):
    """The names in a module's own "depends=" line (its .modinfo section)."""
    match = re.search(rb"\0depends=([^\0]*)\0", data)
    names = match.group(1).decode().split(",") if match else []
    return [name.replace("-", "_") for name in names if name]
