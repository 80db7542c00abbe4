//! Standard output that fails: a closed pipe or a full disk. The work is finished, and nothing panics.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Prepares a picture into `folder`, with this standard output.
fn prepare(folder: &Path, stdout: Stdio) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let pictures = folder.join("img_align_celeba");
    std::fs::create_dir(&pictures).unwrap();
    let portrait = image::open(root.join("tests/data/still/portrait.jpg")).unwrap();
    let portrait = portrait.thumbnail_exact(178, 218);
    portrait.save(pictures.join("000001.png")).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_face8x-train"))
        .arg("prepare")
        .arg(folder)
        .arg("-o")
        .arg(folder.join("out"))
        .stdout(stdout)
        .output()
        .unwrap();
    assert!(folder.join("out").read_dir().unwrap().next().is_some());
    run
}

#[test]
fn a_reader_that_leaves_has_read_enough() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let run = prepare(folder.path(), writer.into());
    assert_eq!(run.status.code(), Some(0), "{run:?}");
}

#[test]
fn a_full_disk_is_an_error_when_the_work_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let run = prepare(folder.path(), full.into());
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot write to standard output"), "{said}");
}
