use std::process::Command;

use super::*;

fn write(path: &Path, text: &str) -> io::Result<()> {
    replace(path, Durability::Process, |file| {
        file.write_all(text.as_bytes())
    })
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn a_file_is_replaced_whole_or_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("status.json");
    write(&path, "old").unwrap();
    for durability in [Durability::Process, Durability::Power] {
        let error = replace(&path, durability, |file| {
            file.write_all(b"half of the new")?;
            Err(io::Error::other("the encoder failed"))
        });
        assert_eq!(error.unwrap_err().to_string(), "the encoder failed");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    }
    replace(&path, Durability::Power, |file| file.write_all(b"new")).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(names(folder.path()), ["status.json"]);
}

#[test]
fn a_check_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old");
    fs::write(&path, "old").unwrap();
    check_writable(&path).unwrap();
    check_writable(&folder.path().join("new")).unwrap();
    check_writable(Path::new("/dev/null")).unwrap();
    check_writable(Path::new("/dev/stdout")).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(names(folder.path()), ["old"]);
    for path in ["no/such/folder/file", "old/file", ".", ".."] {
        let path = folder.path().join(path);
        let error = check_writable(&path).unwrap_err();
        assert_eq!(
            error.kind(),
            write(&path, "").unwrap_err().kind(),
            "{path:?}"
        );
        assert!(cannot_write(&path, error).remedy_text().is_some());
    }
}

/// 255 bytes are the most that a name can have.
#[test]
fn the_longest_name_fits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x".repeat(255));
    write(&path, "text").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "text");
}

#[test]
fn a_link_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    fs::write(&file, "old").unwrap();
    std::os::unix::fs::symlink("file", &link).unwrap();
    write(&link, "new").unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

/// A temporary file that a killed program has left is no obstacle.
#[test]
fn leftovers_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..3000 {
        let name = format!(".face8x-{}-{number}.tmp", std::process::id());
        fs::write(folder.path().join(name), "").unwrap();
    }
    write(&folder.path().join("file"), "text").unwrap();
    assert_eq!(names(folder.path()).len(), 3001);
}

fn make_fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[test]
fn devices_are_written_to_and_stay() {
    write(Path::new("/dev/null"), "text").unwrap();
    let full = write(Path::new("/dev/full"), "text").unwrap_err();
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    for device in ["/dev/null", "/dev/full"] {
        assert!(!fs::metadata(device).unwrap().is_file(), "{device}");
    }
}

#[test]
fn a_pipe_is_written_to_where_a_program_reads() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    make_fifo(&fifo);
    let error = write(&fifo, "text").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    assert_eq!(
        check_writable(&fifo).unwrap_err().kind(),
        ErrorKind::NotConnected
    );

    // More than a pipe holds: the reader is waited for.
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || fs::read_to_string(fifo).unwrap()
    });
    let text = "0123456789".repeat(30_000);
    loop {
        match write(&fifo, &text) {
            Err(error) if error.kind() == ErrorKind::NotConnected => {}
            written => break written.unwrap(),
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let read = reader.join().unwrap();
    assert!(read == text, "{} bytes", read.len());
    assert_eq!(names(folder.path()), ["fifo"]);
}

#[test]
fn numbers_in_names_count_as_numbers() {
    let sorted = [
        "a.png",
        "a1.png",
        "A2.png",
        "a02b.png",
        "a10.0.png",
        "a10.png",
        "b.png",
        "b99999999999999999999.png",
    ];
    for (i, a) in sorted.iter().enumerate() {
        for (j, b) in sorted.iter().enumerate() {
            assert_eq!(natural_order(a, b), i.cmp(&j), "{a} {b}");
        }
    }
}
