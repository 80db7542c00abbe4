use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::super::*;

/// Waits until the file satisfies `done`, at most half a minute; gives its text.
fn wait_for(path: &Path, done: impl Fn(&str) -> bool) -> String {
    for _ in 0..600 {
        let text = fs::read_to_string(path).unwrap_or_default();
        if done(&text) {
            return text;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{} never came to be", path.display());
}

#[test]
fn files_follow_the_run_and_say_when_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let files = StatusFiles {
        status: Some(folder.path().join("status.json")),
        metrics: Some(folder.path().join("face8x.prom")),
    };
    let (status, metrics) = (
        files.status.clone().unwrap(),
        files.metrics.clone().unwrap(),
    );
    let monitor = Arc::new(Monitor::new(RunIdentity::default()));
    let writer = StatusWriter::start(files, Arc::clone(&monitor)).unwrap();
    assert!(status.exists() && metrics.exists(), "written at once");
    monitor.update(RunCounters {
        frames: 77,
        ..RunCounters::new()
    });
    wait_for(&status, |text| text.contains("\"frames\":77,"));
    let text = wait_for(&metrics, |text| text.contains("face8x_frames_total 77\n"));
    assert!(text.starts_with("# HELP "), "{text}");
    drop(writer);
    let last: Value = serde_json::from_str(&fs::read_to_string(&status).unwrap()).unwrap();
    assert_eq!(last["running"], false);
    assert!(!metrics.exists(), "node_exporter would give it for ever");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "no temporary file is left: {left:?}");
}

#[test]
fn a_file_that_cannot_be_written_is_told_at_the_start() {
    let files = StatusFiles {
        status: Some("/no/such/folder/status.json".into()),
        metrics: None,
    };
    let error = StatusWriter::start(files, Arc::new(Monitor::new(RunIdentity::default())));
    let error = error.err().unwrap();
    assert!(error.to_string().contains("/no/such/folder/status.json"));
    assert!(error.remedy_text().is_some());
}

/// Devices get the status and stay what they are, also at the end; nothing is waited for.
#[test]
fn devices_are_not_replaced() {
    let before = fs::metadata("/dev/null").unwrap().file_type();
    let files = StatusFiles {
        status: Some("/dev/null".into()),
        metrics: Some("/dev/null".into()),
    };
    assert_eq!(files.restarts(), Some(0));
    let endless = StatusFiles {
        status: Some("/dev/zero".into()),
        metrics: None,
    };
    assert_eq!(endless.restarts(), Some(0));
    drop(StatusWriter::start(files, Arc::new(Monitor::new(RunIdentity::default()))).unwrap());
    assert_eq!(fs::metadata("/dev/null").unwrap().file_type(), before);
}

#[test]
fn a_pipe_is_written_to_when_a_reader_comes() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let files = StatusFiles {
        status: Some(fifo.clone()),
        metrics: None,
    };
    let options = StatusOptions {
        files,
        address: None,
    };
    let run =
        StatusReporter::start(&options, RunIdentity::default(), &ProgramStart::now()).unwrap();
    let text = fs::read_to_string(&fifo).unwrap();
    let read: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read["running"], true);
    drop(run);
}

/// A folder that goes away and comes back is written again.
#[test]
fn a_lost_folder_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let status = inner.join("status.json");
    let files = StatusFiles {
        status: Some(status.clone()),
        metrics: None,
    };
    let _writer =
        StatusWriter::start(files, Arc::new(Monitor::new(RunIdentity::default()))).unwrap();
    fs::remove_dir_all(&inner).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    fs::create_dir(&inner).unwrap();
    wait_for(&status, |text| text.contains("\"running\":true"));
}

#[test]
fn restarts_are_remembered_by_the_status_file_until_the_next_boot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("status.json");
    let files = StatusFiles {
        status: Some(path.clone()),
        metrics: None,
    };
    assert_eq!(
        StatusFiles::default().restarts(),
        None,
        "nothing remembers it"
    );
    assert_eq!(files.restarts(), Some(0), "the first start");
    let options = StatusOptions {
        files: files.clone(),
        address: None,
    };
    for before in 0..3 {
        let run =
            StatusReporter::start(&options, RunIdentity::default(), &ProgramStart::now()).unwrap();
        let restarts = run.unwrap().monitor().status().identity.restarts;
        assert_eq!(restarts, Some(before));
    }
    // Reading the configuration again is no start.
    let program = ProgramStart::now();
    for _ in 0..2 {
        let run = StatusReporter::start(&options, RunIdentity::default(), &program).unwrap();
        assert_eq!(run.unwrap().monitor().status().identity.restarts, Some(3));
    }
    let text = fs::read_to_string(&path).unwrap();
    let boot = serde_json::from_str::<Value>(&text).unwrap()["boot_id"].clone();
    fs::write(&path, text.replace(boot.as_str().unwrap(), "another boot")).unwrap();
    assert_eq!(files.restarts(), Some(0));
    fs::write(&path, "{\"boot_id\": [], \"restarts\": 7").unwrap();
    assert_eq!(files.restarts(), Some(0), "half a file");
}

#[test]
fn nothing_asked_starts_nothing() {
    let run = StatusReporter::start(
        &StatusOptions::default(),
        RunIdentity::default(),
        &ProgramStart::now(),
    );
    assert!(run.unwrap().is_none());
}
