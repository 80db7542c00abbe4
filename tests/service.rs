//! `face8x run` under a service manager: what it is sent, and what SIGHUP does. The manager is a
//! datagram socket of the test, as systemd's is.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{command, finish};
use rustix::process::{Pid, Signal, kill_process};

/// Longest wait for a message: a hang is a failure.
const TIMEOUT: Duration = Duration::from_secs(60);

struct Manager {
    socket: UnixDatagram,
    folder: tempfile::TempDir,
}

impl Manager {
    fn new() -> Manager {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(TIMEOUT)).unwrap();
        Manager { socket, folder }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(self.folder());
        command
            .args(arguments)
            .env("NOTIFY_SOCKET", self.folder().join("notify"));
        command
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder().join(name), text).unwrap();
    }

    /// The lines of the messages up to the first that begins with `begin`, that one included.
    #[track_caller]
    fn until(&self, begin: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut bytes = [0; 4096];
            let length = self
                .socket
                .recv(&mut bytes)
                .unwrap_or_else(|e| panic!("no {begin}: {e} after {lines:#?}"));
            let text = std::str::from_utf8(&bytes[..length]).unwrap();
            lines.extend(text.lines().map(str::to_owned));
            if lines.iter().any(|line| line.starts_with(begin)) {
                return lines;
            }
        }
    }

    /// Whether a message that is waiting has this line; all that wait are taken.
    fn has(&self, line: &str) -> bool {
        self.socket.set_nonblocking(true).unwrap();
        let mut found = false;
        let mut bytes = [0; 4096];
        loop {
            match self.socket.recv(&mut bytes) {
                Ok(length) => {
                    let text = std::str::from_utf8(&bytes[..length]).unwrap();
                    found |= text.lines().any(|said| said == line);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        self.socket.set_nonblocking(false).unwrap();
        found
    }
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_raw(child.id() as i32).unwrap(), signal).unwrap();
}

/// Ends the run and gives what it wrote to standard error.
#[track_caller]
fn stop(child: Child) -> String {
    signal(&child, Signal::TERM);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    stderr
}

/// The next JSON line of a run.
fn next_line(lines: &mut BufReader<ChildStdout>) -> serde_json::Value {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"))
}

#[test]
fn ready_when_the_first_picture_is_there_and_stopping_at_the_end() {
    let manager = Manager::new();
    let child = manager
        .command(&["--source", "demo:", "--sink", "png:out.png"])
        .args(["--restorer", "bicubic"])
        .spawn()
        .unwrap();
    assert_eq!(manager.until("READY=1"), ["READY=1"]);
    assert!(manager.folder().join("out.png").exists());
    let status = manager.until("STATUS=").pop().unwrap();
    for words in [" fps, ", " face", "demo:", "png:out.png", "; no fault"] {
        assert!(status.contains(words), "{status}");
    }
    signal(&child, Signal::TERM);
    let rest = manager.until("STOPPING=1");
    assert!(
        !rest.iter().any(|line| line.starts_with("WATCHDOG")),
        "{rest:?}"
    );
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

/// Writes grey frames of 64x48 pixels while `on` is set, until the program ends.
fn feed(mut stdin: ChildStdin, on: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(20));
            if on.load(Ordering::Relaxed) && stdin.write_all(&[120; 64 * 48]).is_err() {
                return;
            }
        }
    });
}

#[test]
fn the_watchdog_starves_when_frames_cease_and_the_process_lives() {
    let manager = Manager::new();
    let mut child = manager
        .command(&["--source", "-", "--size", "64x48", "--format", "GREY"])
        .args(["--headless", "--json", "--detector", "centre"])
        .args(["--restorer", "bicubic"])
        .env("WATCHDOG_USEC", "400000")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let on = Arc::new(AtomicBool::new(true));
    feed(child.stdin.take().unwrap(), Arc::clone(&on));
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    manager.until("WATCHDOG=1");
    manager.until("WATCHDOG=1");

    on.store(false, Ordering::Relaxed);
    // Until a whole second has passed without a frame.
    let mut frames = next_line(&mut lines)["frames"].clone();
    loop {
        let now = next_line(&mut lines)["frames"].clone();
        if now == frames {
            break;
        }
        frames = now;
    }
    manager.has("WATCHDOG=1");
    // It lives, and redraws what it had.
    for _ in 0..2 {
        assert_eq!(next_line(&mut lines)["frames"], frames);
    }
    assert!(!manager.has("WATCHDOG=1"));

    on.store(true, Ordering::Relaxed);
    manager.until("WATCHDOG=1");
    drop(lines);
    signal(&child, Signal::TERM);
    child.wait().unwrap();
}

#[test]
fn a_camera_that_is_away_and_known_to_be_feeds_the_watchdog() {
    let manager = Manager::new();
    let child = manager
        .command(&["--source", "/dev/video99", "--wait", "--headless"])
        .env("WATCHDOG_USEC", "400000")
        .spawn()
        .unwrap();
    manager.until("READY=1");
    manager.until("WATCHDOG=1");
    let status = manager.until("STATUS=").pop().unwrap();
    assert!(status.contains("; last fault "), "{status}");
    assert!(status.contains("/dev/video99 does not exist"), "{status}");
    manager.until("WATCHDOG=1");
    stop(child);
}

/// Configurations that are refused, and why.
const BAD_CONFIGURATIONS: [(&str, &str); 3] = [
    (
        "\nviwe = 'full'\n",
        "face8x.toml: line 2: unknown key \"viwe\"",
    ),
    (
        "view = 'full'\nfaces = 99\n",
        "face8x.toml: line 2: invalid value '99' for '--faces <N>': 99 is not in 1..=32",
    ),
    (
        "source = 'demo:'\nsink = 'fb:/dev/fb99'\n",
        "/dev/fb99 does not exist",
    ),
];

#[test]
fn hangup_reads_the_configuration_again_and_a_bad_one_changes_nothing() {
    let manager = Manager::new();
    let common = "source = 'demo:'\nheadless = true\njson = true\nrestorer = 'bicubic'\n";
    manager.write("face8x.toml", &format!("{common}view = 'restored'\n"));
    let mut child = manager
        .command(&["--config", "face8x.toml", "--faces", "2"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    manager.until("READY=1");
    assert_eq!(next_line(&mut lines)["view"], "restored");

    manager.write("face8x.toml", &format!("{common}view = 'strip'\n"));
    signal(&child, Signal::HUP);
    let reloading = manager.until("READY=1");
    let begin = reloading
        .iter()
        .position(|line| line == "RELOADING=1")
        .unwrap();
    assert!(
        reloading[begin + 1].starts_with("MONOTONIC_USEC="),
        "{reloading:?}"
    );
    while next_line(&mut lines)["view"] != "strip" {}

    for (text, reason) in BAD_CONFIGURATIONS {
        manager.write("face8x.toml", text);
        signal(&child, Signal::HUP);
        manager.until("RELOADING=1");
        manager.until("READY=1");
        let kept = format!("; the old configuration is kept: {reason}");
        while !manager.until("STATUS=").pop().unwrap().ends_with(&kept) {}
        assert_eq!(next_line(&mut lines)["view"], "strip");
    }

    // The file as it was is no change, and clears the refusal.
    manager.write("face8x.toml", &format!("{common}view = 'strip'\n"));
    signal(&child, Signal::HUP);
    manager.until("READY=1");
    while !manager
        .until("STATUS=")
        .pop()
        .unwrap()
        .ends_with("; no fault")
    {}
    drop(std::thread::spawn(move || lines.lines().count()));
    let stderr = stop(child);
    for words in [
        "line 2: invalid value '99'",
        "remedy: ",
        "says what it said before",
    ] {
        assert!(stderr.contains(words), "no {words:?} in:\n{stderr}");
    }
}

#[test]
fn hangup_without_a_configuration_ends_the_run_with_its_summary() {
    let manager = Manager::new();
    let child = manager
        .command(&["--source", "demo:", "--headless", "--json"])
        .args(["--restorer", "bicubic"])
        .spawn()
        .unwrap();
    manager.until("READY=1");
    signal(&child, Signal::HUP);
    manager.until("STOPPING=1");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("\"event\":\"summary\""), "{stdout}");
}

#[test]
fn a_mistake_at_boot_is_the_status_of_the_unit() {
    let manager = Manager::new();
    manager.write("face8x.toml", "source = 'demo:'\nrotate = 45\n");
    let run = finish(manager.command(&["--config", "face8x.toml"]));
    let run = run.expect(2, &["face8x.toml: line 2: ", "45", "remedy: "]);
    let status = manager.until("STATUS=").pop().unwrap();
    assert!(status.contains("face8x.toml: line 2: "), "{status}");
    assert!(status.contains("(remedy: "), "{status}");
    assert!(run.stdout.is_empty());
}

/// What the package installs as /etc/face8x/face8x.toml.
#[test]
fn the_packaged_configuration_names_every_key_and_is_right() {
    use clap::Args;
    use face8x::internals::config::RunOptions;

    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("board/debian/face8x.toml")).unwrap();
    let packaged = RunOptions::from_toml(&text).unwrap();
    assert_eq!(packaged.sink(), "drm");
    assert!(packaged.wait);
    // A commented setting begins with # and its key, a sentence with # and a space.
    let all: String = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    RunOptions::from_toml(&all).unwrap();
    let keys: toml::Table = toml::from_str(&all).unwrap();
    for argument in RunOptions::augment_args(clap::Command::new("keys")).get_arguments() {
        let key = argument.get_long().unwrap();
        assert!(keys.contains_key(key), "{key} is not explained");
    }
}
