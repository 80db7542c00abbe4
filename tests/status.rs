//! The status file and the metrics of the program, as machines see them.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use common::{command, face8x};
use serde_json::Value;

/// A run that is ended with the test.
struct MetricsRun {
    child: Child,
    address: String,
}

impl Drop for MetricsRun {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Starts a headless run with these arguments; the log names the address of its metrics.
fn start(folder: &Path, arguments: &[&str]) -> MetricsRun {
    let mut command = command(folder);
    command
        .args(["--source", "demo:", "--headless", "--restorer", "bicubic"])
        .args([
            "--size",
            "160x120",
            "--detector",
            "centre",
            "--metrics",
            "0",
        ])
        .args(arguments);
    let mut child = command.spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = log
        .find_map(|line| {
            let line = line.unwrap();
            let rest = line.split_once("metrics: http://")?.1;
            Some(rest.strip_suffix("/metrics")?.to_owned())
        })
        .expect("the log names the address");
    std::thread::spawn(move || log.for_each(drop));
    MetricsRun { child, address }
}

fn get(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: kiosk\r\n\r\n")
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// The status file once `done` says so, within half a minute.
fn status(path: &Path, done: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..600 {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        // The file is never half written: what is there is JSON.
        if !text.is_empty() {
            let value: Value = serde_json::from_str(&text).unwrap();
            if done(&value) {
                return value;
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{} does not come to it", path.display());
}

#[test]
fn a_run_is_watched_by_file_and_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("status.json");
    let files = ["--status-file", "status.json", "--metrics-file", "x.prom"];
    let mut run = start(folder.path(), &files);
    assert!(run.address.starts_with("127.0.0.1:"), "{}", run.address);

    // Callers that say nothing hold up neither the page nor the pictures.
    let _silent: Vec<_> = (0..10)
        .map(|_| TcpStream::connect(&run.address).unwrap())
        .collect();
    let shown = |least: u64| move |s: &Value| s["frames"].as_u64().unwrap() >= least;
    let first = status(&path, shown(30));
    let frames = first["frames"].as_u64().unwrap();
    let then = status(&path, shown(frames + 30));
    assert_eq!(
        (&then["running"], &then["faces"]),
        (&true.into(), &1.into())
    );
    assert_eq!(
        (&then["camera_up"], &then["display_up"]),
        (&true.into(), &true.into())
    );
    assert_eq!(then["model_sha256"], Value::Null, "bicubic has no model");
    assert!(then["resident_bytes"].as_u64().unwrap() > 1_000_000);
    assert!(then["latency"]["count"].as_u64().unwrap() > 0);

    let page = get(&run.address);
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.ends_with("# EOF\n"), "{page}");
    assert!(
        page.contains("face8x_faults_total{kind=\"camera_lost\"} 0\n"),
        "{page}"
    );
    let text = std::fs::read_to_string(folder.path().join("x.prom")).unwrap();
    assert!(
        text.contains("# TYPE face8x_frames_total counter\n"),
        "{text}"
    );

    let pid = rustix::process::Pid::from_child(&run.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(run.child.wait().unwrap().code(), Some(0));
    let last = status(&path, |_| true);
    assert_eq!(last["running"], false);
    assert!(!folder.path().join("x.prom").exists());
}

/// Reading the configuration again is no restart, and the program is as old as it was.
#[test]
fn a_reload_is_no_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("status.json");
    let configuration = folder.path().join("face8x.toml");
    std::fs::write(&configuration, "view = 'restored'\n").unwrap();
    let arguments = ["--config", "face8x.toml", "--status-file", "status.json"];
    let run = start(folder.path(), &arguments);
    let before = status(&path, |s| s["frames"].as_u64().unwrap() >= 30);
    std::fs::write(&configuration, "view = 'strip'\n").unwrap();
    let pid = rustix::process::Pid::from_child(&run.child);
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    // The counters begin again, the program does not.
    let frames = before["frames"].as_u64().unwrap();
    let after = status(&path, |s| s["frames"].as_u64().unwrap() < frames);
    assert_eq!(after["restarts"]["program"], 0);
    let age = |status: &Value| status["uptime_seconds"].as_f64().unwrap();
    assert!(age(&after) > age(&before), "{before} {after}");
    assert_eq!(after["frozen"], false);
}

/// As root too, devices stay devices; a pipe without a reader holds up nothing.
#[test]
fn devices_and_pipes_may_take_the_status() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let run = |file: &str| {
        let mut command = common::demo(folder.path());
        command.args(["--frames", "3", "--quiet", "--status-file", file]);
        common::finish(command).expect(0, &[])
    };
    run("/dev/null");
    run("fifo");
    let lines = run("/dev/stdout").stdout;
    assert!(lines.contains("\"running\":true"), "{lines}");
    for (path, is_device) in [("/dev/null", true), ("/dev/stdout", false)] {
        let found = std::fs::symlink_metadata(path).unwrap();
        assert_eq!(
            std::os::unix::fs::FileTypeExt::is_char_device(&found.file_type()),
            is_device
        );
        assert!(!found.is_file(), "{path}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_cannot_be_reported_is_an_error_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let run = [
        "--source",
        "demo:",
        "--headless",
        "--frames",
        "1",
        "--restorer",
        "bicubic",
    ];
    let with = |more: &[&str]| face8x(folder.path(), &[&run[..], more].concat());
    with(&["--metrics", "kiosk:1"]).expect(2, &["kiosk:1", "remedy"]);
    with(&["--status-file", "no/such/folder.json"]).expect(1, &["no/such/folder.json", "remedy"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    with(&["--metrics", &port]).expect(1, &[&port, "remedy"]);
    // Unless asked, nothing listens and nothing is written.
    with(&[]).expect(0, &[]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
