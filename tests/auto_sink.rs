//! `auto` on a machine without any display. The environment is set for a child process of this
//! test, in a folder of its own.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use face8x::internals::display::{Opened, SinkOptions, open, open_auto};
use face8x::internals::photo;
use face8x::internals::picture::Picture;

/// Set in the child process.
const CHILD: &str = "FACE8X_TEST_AUTO";

#[test]
fn without_a_display_auto_writes_a_png() {
    // With a display in reach this test would take it over.
    if Path::new("/dev/dri").exists() || Path::new("/dev/fb0").exists() {
        writeln!(std::io::stderr(), "skipped: this machine has a display").ok();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "in_the_child", "--nocapture"])
        .current_dir(folder.path())
        .env(CHILD, "1")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("the child is done"),
        "{text}"
    );
    let left = photo::load(&folder.path().join("face8x.png")).unwrap();
    assert_eq!(
        (left.dimensions(), left.get_pixel(2, 1).0),
        ((3, 2), [0x12, 0x34, 0x56])
    );
}

#[test]
fn in_the_child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let options = SinkOptions::default();
    for uri in ["window", "drm", "fb"] {
        let error = open(uri, &options).err().unwrap();
        assert!(error.remedy_text().is_some(), "{uri}: {error}");
    }
    let Opened { uri, mut sink } = open_auto(&options).unwrap();
    assert_eq!(sink.describe(), "png:face8x.png");
    assert_eq!(uri, "png:face8x.png");
    let mut picture = Picture::new(3, 2);
    picture.pixels[5] = 0x0012_3456;
    sink.present(&picture).unwrap();
    println!("the child is done");
}
