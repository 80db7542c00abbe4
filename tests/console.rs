//! Standard output that fails: a closed pipe or a full disk. The work is finished, and nothing panics.

mod common;

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use common::{Finished, command, finish};

/// Every command that prints, each with what it needs.
const PRINTING: [&[&str]; 8] = [
    &["--help"],
    &["--version"],
    &["list"],
    &["doctor"],
    &["man"],
    &["completions", "bash"],
    &["image", "album", "-o", "out", "--restorer", "bicubic"],
    &[
        "bench",
        "--model-only",
        "--seconds",
        "1",
        "--engine",
        "face8x",
    ],
];

const PICTURES: usize = 3;

/// Runs the program with this standard output.
fn run(folder: &Path, arguments: &[&str], stdout: Stdio) -> Finished {
    let mut command = command(folder);
    command.args(arguments).stdout(stdout);
    finish(command)
}

fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn full_disk() -> Stdio {
    File::options()
        .write(true)
        .open("/dev/full")
        .unwrap()
        .into()
}

/// A folder with an album of pictures.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let album = folder.path().join("album");
    std::fs::create_dir(&album).unwrap();
    for number in 0..PICTURES {
        let copy = album.join(format!("{number}.jpg"));
        std::fs::copy(common::data("still/portrait.jpg"), copy).unwrap();
    }
    folder
}

fn written(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("out")).unwrap().count()
}

#[test]
fn a_reader_that_leaves_has_read_enough() {
    for arguments in PRINTING {
        let folder = folder();
        // Doctor's exit code says whether there is a problem.
        let code = match arguments {
            ["doctor"] => run(folder.path(), arguments, Stdio::null()).code,
            _ => Some(0),
        };
        let closed = run(folder.path(), arguments, closed_pipe());
        assert_eq!(closed.code, code, "{arguments:?}: {}", closed.stderr);
        assert!(!closed.stderr.contains("panicked"), "{}", closed.stderr);
        if arguments[0] == "image" {
            assert_eq!(written(folder.path()), PICTURES);
        }
    }
}

#[test]
fn a_full_disk_is_an_error_when_the_work_is_done() {
    for arguments in PRINTING {
        let folder = folder();
        run(folder.path(), arguments, full_disk()).expect(
            1,
            &[
                "cannot write to standard output",
                "No space left",
                "remedy: ",
            ],
        );
        if arguments[0] == "image" {
            assert_eq!(written(folder.path()), PICTURES);
        }
    }
}

#[test]
fn a_run_ends_with_the_reader_of_its_lines_and_outlasts_a_full_disk() {
    let folder = folder();
    let endless = [
        "--source",
        "demo:",
        "--restorer",
        "bicubic",
        "--headless",
        "--json",
    ];
    run(folder.path(), &endless, closed_pipe()).expect(0, &[]);
    let short = [&endless[..], &["--frames", "40"]].concat();
    run(folder.path(), &short, full_disk()).expect(0, &["JSON lines are lost", "40 frames"]);
}

#[test]
fn messages_that_nobody_can_read_are_no_reason_to_stop() {
    let folder = folder();
    let mut command = command(folder.path());
    command.args(["image", "album", "-o", "out", "--restorer", "bicubic"]);
    command.stderr(full_disk());
    assert_eq!(finish(command).code, Some(0));
    assert_eq!(written(folder.path()), PICTURES);
}
