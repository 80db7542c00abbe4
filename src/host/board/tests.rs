use std::fs;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::fake::{Root, arm_cores};
use super::processes::own_memory_in;
use super::*;

fn read(root: &Root) -> Board {
    Board::read_in(root.path())
}

#[test]
fn raspberry_pi_4_tells_everything() {
    assert_eq!(
        read(&Root::raspberry_pi_4()),
        Board {
            model: Some("Raspberry Pi 4 Model B Rev 1.4".into()),
            kernel: Some("6.6.51+rpt-rpi-v8".into()),
            cpu: Some("Cortex-A72".into()),
            cpus: Some(4),
            governor: Some("ondemand".into()),
            clock: Some(Clock {
                now: Some(600),
                limit: Some(1500),
                max: Some(1500)
            }),
            temperature: Some(48.686),
            throttling: Some(Throttling {
                now: Limits::default(),
                since_boot: Some(Limits {
                    under_voltage: true,
                    throttled: true,
                    ..Limits::default()
                }),
            }),
            memory_total: Some(3_884_360 * 1024),
            memory_available: Some(3_300_000 * 1024),
        }
    );
}

#[test]
fn a_32_bit_kernel_names_the_core_by_its_part() {
    let board = read(&Root::raspberry_pi_zero_2_w());
    assert_eq!(board.cpu.as_deref(), Some("Cortex-A53"));
    assert_eq!(board.temperature, Some(61.224));
}

#[test]
fn jetson_nano_is_read_without_its_false_sensor() {
    let board = read(&Root::jetson_nano());
    assert_eq!(
        board.model.as_deref(),
        Some("NVIDIA Jetson Nano Developer Kit")
    );
    assert_eq!(board.cpu.as_deref(), Some("Cortex-A57"));
    assert_eq!(board.cpus, Some(3));
    assert_eq!(
        board.temperature,
        Some(38.0),
        "the processor's zone, though another is hotter"
    );
    assert_eq!(board.clock.unwrap().limit, Some(918));
    let full_speed = Throttling {
        now: Limits::default(),
        since_boot: None,
    };
    assert_eq!(
        board.throttling,
        Some(full_speed),
        "a fan at work is no throttling"
    );

    let hot = Root::jetson_nano().file("sys/class/thermal/cooling_device1/cur_state", "2\n");
    assert!(read(&hot).throttling.unwrap().now.throttled);
}

#[test]
fn a_virtual_machine_tells_little() {
    let board = read(&Root::virtual_machine());
    assert_eq!(
        board.model.as_deref(),
        Some("QEMU Standard PC (Q35 + ICH9, 2009)")
    );
    assert_eq!(board.cpu.as_deref(), Some("AMD EPYC"));
    assert_eq!(
        (board.governor, board.clock, board.temperature),
        (None, None, None)
    );
    assert_eq!(board.throttling, None);
}

#[test]
fn an_empty_machine_tells_nothing() {
    assert_eq!(read(&Root::new()), Board::default());
}

#[test]
fn big_and_little_cores_are_both_named_and_the_faster_clock_counts() {
    let root = Root::jetson_nano()
        .file(
            "proc/cpuinfo",
            arm_cores(&["0x41/0xd03", "0x41/0xd03", "0x41/0xd08", "0x51/0x800"]),
        )
        .file(
            "sys/devices/system/cpu/cpufreq/policy4/cpuinfo_max_freq",
            "1800000\n",
        );
    let board = read(&root);
    assert_eq!(
        board.cpu.as_deref(),
        Some("Cortex-A53 + Cortex-A72 + Arm 0x51/0x800")
    );
    assert_eq!(
        board.clock.unwrap(),
        Clock {
            now: None,
            limit: None,
            max: Some(1800)
        }
    );
}

#[test]
fn without_a_processor_zone_the_hottest_zone_counts() {
    let zones = |kind: &str| {
        Root::new()
            .file("sys/class/thermal/thermal_zone0/type", "acpitz")
            .file("sys/class/thermal/thermal_zone0/temp", "41000")
            .file("sys/class/thermal/thermal_zone1/type", kind)
            .file("sys/class/thermal/thermal_zone1/temp", "40000")
    };
    assert_eq!(read(&zones("iwlwifi_1")).temperature, Some(41.0));
    assert_eq!(read(&zones("x86_pkg_temp")).temperature, Some(40.0));
}

/// Raspberry Pi 5: the answer comes from a program. It is written by another process, because a
/// file that this one has open for writing while another test starts a program cannot be run.
fn with_vcgencmd(script: &str) -> Root {
    let root = Root::new()
        .file("script", script)
        .file("usr/bin/folder", "");
    let installed = Command::new("install")
        .args(["-m", "755"])
        .args([
            root.path().join("script"),
            root.path().join("usr/bin/vcgencmd"),
        ])
        .status()
        .unwrap();
    assert!(installed.success());
    root
}

#[test]
fn vcgencmd_is_asked_where_the_kernel_does_not_tell() {
    let root = with_vcgencmd("#!/bin/sh\n[ \"$1\" = get_throttled ] && echo throttled=0x50002\n");
    let throttling = read(&root).throttling.unwrap();
    assert_eq!(throttling.now.to_string(), "clock capped");
    assert_eq!(
        throttling.since_boot.unwrap().to_string(),
        "under-voltage, throttled"
    );
}

#[test]
fn a_vcgencmd_that_fails_or_hangs_is_given_up() {
    assert_eq!(
        read(&with_vcgencmd("#!/bin/sh\necho throttled=0x1; exit 3\n")).throttling,
        None
    );
    assert_eq!(
        read(&with_vcgencmd("#!/bin/sh\nexec sleep 60\n")).throttling,
        None
    );
}

#[test]
fn a_fifo_in_place_of_a_file_does_not_hang() {
    let root = Root::raspberry_pi_4().without("proc/meminfo");
    let made = Command::new("mkfifo")
        .arg(root.path().join("proc/meminfo"))
        .status()
        .unwrap();
    assert!(made.success());
    assert_eq!(read(&root).memory_total, None);
}

proptest! {
    // Each case writes files, which takes longer than reading them.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn strange_content_is_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut root = Root::raspberry_pi_4();
        for path in [
            "proc/device-tree/model", "proc/cpuinfo", "proc/meminfo", "proc/self/status",
            "sys/devices/system/cpu/online", "sys/class/thermal/thermal_zone0/temp",
            "sys/devices/platform/soc/soc:firmware/get_throttled",
        ] {
            root = root.file(path, &bytes);
        }
        let model = read(&root).model.unwrap_or_default();
        prop_assert!(!model.chars().any(char::is_control));
        own_memory_in(root.path());
        ProcessIdentity::read_in(root.path());
    }

    #[test]
    fn lists_of_cores_are_counted(ranges in prop::collection::vec((0_u16..500, 0_u16..9), 1..9)) {
        let list: Vec<String> = ranges
            .iter()
            .map(|(first, more)| match more {
                0 => format!("{first}"),
                more => format!("{first}-{}", first + more),
            })
            .collect();
        let root = Root::new().file("sys/devices/system/cpu/online", list.join(","));
        let count: usize = ranges.iter().map(|(_, more)| usize::from(*more) + 1).sum();
        prop_assert_eq!(read(&root).cpus, Some(count));
    }
}

#[test]
fn own_memory_is_read_and_peak_is_not_below_it() {
    let status = "Name:\tface8x\nVmHWM:\t   52000 kB\nVmRSS:\t   41000 kB\n";
    let root = Root::new().file("proc/self/status", status);
    let memory = own_memory_in(root.path());
    assert_eq!(memory.resident, Some(41_000 * 1024));
    assert_eq!(memory.peak, Some(52_000 * 1024));

    let real = own_memory();
    assert!(real.resident.unwrap() > 100_000);
    assert!(real.peak.unwrap() >= real.resident.unwrap() / 2);
}

#[test]
fn identity_takes_the_effective_ids() {
    let status = "Uid:\t1000\t1001\t0\t0\nGid:\t5\t6\t7\t8\nGroups:\t44 29 \n";
    let root = Root::new().file("proc/self/status", status);
    let expected = ProcessIdentity {
        uid: 1001,
        groups: vec![6, 44, 29],
    };
    assert_eq!(ProcessIdentity::read_in(root.path()), Some(expected));
    assert_eq!(ProcessIdentity::read_in(Root::new().path()), None);

    let real = ProcessIdentity::read_in(Path::new("/")).unwrap();
    assert_eq!(real.uid, rustix::process::geteuid().as_raw());
    assert_eq!(real.groups[0], rustix::process::getegid().as_raw());
}

#[test]
fn holders_are_found_by_their_open_files() {
    let root = Root::new()
        .node("dev/video0", 0o660)
        .link("dev/v4l/by-id/usb-cam-index0", "../../video0")
        .file("proc/10/comm", "motion\n")
        .link("proc/10/fd/0", "/dev/null")
        .link("proc/10/fd/7", "/dev/video0")
        .file("proc/200/comm", "evil\u{1b}[2J\n")
        .link("proc/200/fd/3", "/dev/video0")
        .file("proc/300/comm", "other\n")
        .link("proc/300/fd/3", "/dev/video1")
        .link("proc/400/fd/3", "/dev/video0")
        .link(&format!("proc/{}/fd/3", std::process::id()), "/dev/video0")
        .file("proc/self/comm", "x");
    let found = |path: &str| holders_in(root.path(), Path::new(path));
    let expected = vec![
        (10, "motion".to_owned()),
        (200, "evil[2J".to_owned()),
        (400, "unknown".to_owned()),
    ];
    assert_eq!(found("/dev/video0"), expected);
    assert_eq!(
        found("/dev/v4l/by-id/usb-cam-index0"),
        expected,
        "through a link"
    );
    assert_eq!(found("/dev/video9"), []);
    assert_eq!(holders_in(Root::new().path(), Path::new("/dev/video0")), []);
}

#[test]
fn a_real_process_that_holds_a_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = fs::canonicalize(folder.path()).unwrap().join("held");
    fs::write(&path, "").unwrap();
    let mut child = Command::new("sleep")
        .arg("60")
        .stdin(fs::File::open(&path).unwrap())
        .spawn()
        .unwrap();
    let found = holders(&path);
    child.kill().unwrap();
    child.wait().unwrap();
    // Its name is not compared: it may not have become `sleep` when it was read.
    assert!(found.iter().any(|(pid, _)| *pid == child.id()), "{found:?}");
}
