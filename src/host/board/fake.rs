//! Trees of other machines, for tests.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use tempfile::TempDir;

/// A folder that stands for `/`.
pub(crate) struct Root {
    folder: TempDir,
}

impl Root {
    /// An empty machine.
    pub(crate) fn new() -> Root {
        Root {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file and the folders above it.
    pub(crate) fn file(self, path: &str, text: impl AsRef<[u8]>) -> Root {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Makes a symbolic link to `target`, which need not exist.
    pub(crate) fn link(self, path: &str, target: &str) -> Root {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
        self
    }

    /// Makes an empty file that stands for a device node of group `video`.
    pub(crate) fn node(self, path: &str, mode: u32) -> Root {
        let root = self.file(path, "");
        let node = root.path().join(path);
        chown(&node, None, Some(video_group())).unwrap();
        fs::set_permissions(node, fs::Permissions::from_mode(mode)).unwrap();
        root
    }

    /// Who the process is: user `kiosk` in these groups. `members` is what `/etc/group` says of
    /// group `video`.
    pub(crate) fn user(self, groups: &[u32], members: &str) -> Root {
        // Not the user who runs the tests: that one owns the nodes.
        let uid = rustix::process::geteuid().as_raw() + 1;
        let groups: String = groups.iter().map(|group| format!("{group} ")).collect();
        self.file(
            "proc/self/status",
            format!(
                "Uid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t77777\t77777\t7\t7\nGroups:\t{groups}\n"
            ),
        )
        .file(
            "etc/group",
            format!("root:x:0:\nvideo:x:{}:{members}\n", video_group()),
        )
        .file(
            "etc/passwd",
            format!("root:x:0:0::/root:/bin/sh\nkiosk:x:{uid}:77777::/:/bin/sh\n"),
        )
    }

    /// A user who may not open the nodes.
    pub(crate) fn stranger(self) -> Root {
        self.user(&[77_778], "")
    }

    /// A user who may.
    pub(crate) fn member(self) -> Root {
        self.user(&[77_778, video_group()], "kiosk")
    }

    /// Removes a file or a folder.
    pub(crate) fn without(self, path: &str) -> Root {
        let below = self.path().join(path);
        if below.is_dir() {
            fs::remove_dir_all(below).unwrap();
        } else {
            fs::remove_file(below).unwrap();
        }
        self
    }

    fn thermal_zone(self, number: u32, kind: &str, millidegrees: &str) -> Root {
        let zone = format!("sys/class/thermal/thermal_zone{number}");
        self.file(&format!("{zone}/type"), kind)
            .file(&format!("{zone}/temp"), millidegrees)
    }

    fn clock(self, policy: u32, governor: &str, now: u32, limit: u32, max: u32) -> Root {
        let policy = format!("sys/devices/system/cpu/cpufreq/policy{policy}");
        self.file(
            &format!("{policy}/scaling_governor"),
            format!("{governor}\n"),
        )
        .file(&format!("{policy}/scaling_cur_freq"), format!("{now}\n"))
        .file(&format!("{policy}/scaling_max_freq"), format!("{limit}\n"))
        .file(&format!("{policy}/cpuinfo_max_freq"), format!("{max}\n"))
    }

    fn memory(self, total: u64, available: u64) -> Root {
        self.file(
            "proc/meminfo",
            format!("MemTotal:       {total} kB\nMemFree:  1 kB\nMemAvailable:   {available} kB\n"),
        )
    }

    /// Raspberry Pi 4 with Raspberry Pi OS (64 bits).
    pub(crate) fn raspberry_pi_4() -> Root {
        Root::new()
            .file("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0")
            .file("proc/sys/kernel/osrelease", "6.6.51+rpt-rpi-v8\n")
            .file("proc/cpuinfo", arm_cores(&["0x41/0xd08"; 4]))
            .file("sys/devices/system/cpu/online", "0-3\n")
            .clock(0, "ondemand", 600_000, 1_500_000, 1_500_000)
            .thermal_zone(0, "cpu-thermal\n", "48686\n")
            .file(
                "sys/devices/platform/soc/soc:firmware/get_throttled",
                "50000\n",
            )
            .memory(3_884_360, 3_300_000)
    }

    /// Raspberry Pi Zero 2 W with the 32-bit Raspberry Pi OS.
    pub(crate) fn raspberry_pi_zero_2_w() -> Root {
        let core = "processor\t: 0\nmodel name\t: ARMv7 Processor rev 4 (v7l)\n\
                    CPU implementer\t: 0x41\nCPU part\t: 0xd03\n\n";
        Root::new()
            .file("proc/device-tree/model", "Raspberry Pi Zero 2 W Rev 1.0\0")
            .file("proc/sys/kernel/osrelease", "6.1.21-v7+\n")
            .file("proc/cpuinfo", format!("{}Model\t: x\n", core.repeat(4)))
            .file("sys/devices/system/cpu/online", "0-3\n")
            .clock(0, "ondemand", 1_000_000, 1_000_000, 1_000_000)
            .thermal_zone(0, "cpu-thermal\n", "61224\n")
            .file("sys/devices/platform/soc/soc:firmware/get_throttled", "0\n")
            .memory(437_224, 90_000)
    }

    /// Jetson Nano with JetPack 4.
    pub(crate) fn jetson_nano() -> Root {
        let cooling = "sys/class/thermal/cooling_device";
        Root::new()
            .file(
                "proc/device-tree/model",
                "NVIDIA Jetson Nano Developer Kit\0",
            )
            .file("proc/sys/kernel/osrelease", "4.9.253-tegra\n")
            .file("proc/cpuinfo", arm_cores(&["0x41/0xd07"; 4]))
            .file("sys/devices/system/cpu/online", "0-1,3\n")
            .clock(0, "schedutil", 918_000, 918_000, 1_479_000)
            .thermal_zone(0, "AO-therm\n", "44500\n")
            .thermal_zone(1, "CPU-therm\n", "38000\n")
            .thermal_zone(2, "GPU-therm\n", "39500\n")
            .thermal_zone(4, "PMIC-Die\n", "100000\n")
            .file(&format!("{cooling}0/type"), "pwm-fan\n")
            .file(&format!("{cooling}0/cur_state"), "3\n")
            .file(&format!("{cooling}1/type"), "cpu-balanced\n")
            .file(&format!("{cooling}1/cur_state"), "0\n")
            .memory(4_059_712, 2_500_000)
    }

    /// A virtual machine on a PC.
    pub(crate) fn virtual_machine() -> Root {
        Root::new()
            .file("sys/class/dmi/id/sys_vendor", "QEMU\n")
            .file("sys/class/dmi/id/product_name", "Standard PC (Q35 + ICH9, 2009)\n")
            .file("proc/sys/kernel/osrelease", "6.1.0-25-amd64\n")
            .file("proc/cpuinfo", "processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: AMD EPYC\n")
            .file("sys/devices/system/cpu/online", "0-1\n")
            .memory(2_000_000, 1_500_000)
    }
}

/// A group that nodes can be given to: any for the superuser, else only the own one.
pub(crate) fn video_group() -> u32 {
    let own = rustix::process::getegid().as_raw();
    if rustix::process::geteuid().is_root() {
        44
    } else {
        own
    }
}

/// `/proc/cpuinfo` of a 64-bit Arm kernel, for cores given as "implementer/part".
pub(super) fn arm_cores(cores: &[&str]) -> String {
    let mut text = String::new();
    for (number, core) in cores.iter().enumerate() {
        let (implementer, part) = core.split_once('/').unwrap();
        text += &format!(
            "processor\t: {number}\nBogoMIPS\t: 108.00\nCPU implementer\t: {implementer}\n\
             CPU architecture: 8\nCPU part\t: {part}\nCPU revision\t: 3\n\n"
        );
    }
    text
}
