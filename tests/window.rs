//! The window sink on a real X server, Xvfb, whose screen is read back pixel by pixel.
//!
//! winit reads DISPLAY and allows one event loop a process, so the test body runs in a child
//! process of this test, with the server's name in its environment.

#![cfg(feature = "window")]

use std::io::Write as _;
use std::io::{BufRead, BufReader};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use face8x::internals::display::{Sink, SinkOptions, UserEvent, open};
use face8x::internals::picture::Picture;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt, EventMask, ImageFormat,
    InputFocus, KEY_PRESS_EVENT, KeyButMask, KeyPressEvent, Window,
};
use x11rb::rust_connection::RustConnection;

/// Set in the child process.
const CHILD: &str = "FACE8X_TEST_WINDOW";

/// An X server that ends with the test.
struct Server(Child, String);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts an X server without a screen, with pixels of `depth` bits; `None` where Xvfb is not
/// installed. It resets itself when its last client leaves.
fn start_server(depth: u8) -> Option<Server> {
    let mut child = Command::new("Xvfb")
        .args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            &format!("640x480x{depth}"),
            "-nolisten",
            "tcp",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut number = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut number)
        .unwrap();
    Some(Server(child, format!(":{}", number.trim())))
}

#[test]
fn pictures_and_keys_go_through_an_x_server() {
    let Some(server) = start_server(24) else {
        writeln!(std::io::stderr(), "skipped: Xvfb is not installed").ok();
        return;
    };
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "in_the_child", "--nocapture"])
        .env("DISPLAY", &server.1)
        .env(CHILD, "1")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("the child is done"),
        "{text}"
    );
}

/// What the program says that shows one picture in a window, and its exit code.
fn shown_in_a_window(display: &str) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_face8x"))
        .args(["test-pattern", "--sink", "window", "--frames", "1"])
        .env("DISPLAY", display)
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), text)
}

/// Stands before the server and admits clients until the last has left: what comes then would be lost
/// in the server's reset. Gives the name of its display.
fn admit_until_the_last_leaves(server: &Server) -> String {
    let socket = format!("/tmp/.X11-unix/X{}", server.1.trim_start_matches(':'));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let clients = Arc::new(AtomicUsize::new(0));
    std::thread::spawn(move || {
        for number in 0.. {
            let Ok((client, _)) = listener.accept() else {
                return;
            };
            // Whoever has left is seen to have left.
            std::thread::sleep(Duration::from_millis(200));
            if number > 0 && clients.load(Ordering::SeqCst) == 0 {
                return;
            }
            let server = UnixStream::connect(&socket).unwrap();
            clients.fetch_add(1, Ordering::SeqCst);
            let (mut to_server, mut from_client) =
                (server.try_clone().unwrap(), client.try_clone().unwrap());
            let clients = Arc::clone(&clients);
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from_client, &mut to_server);
                clients.fetch_sub(1, Ordering::SeqCst);
                let _ = to_server.shutdown(Shutdown::Both);
            });
            let (mut from_server, mut to_client) = (server, client);
            std::thread::spawn(move || std::io::copy(&mut from_server, &mut to_client));
        }
    });
    format!("127.0.0.1:{}", port - 6000)
}

/// An X server resets itself when its last client leaves: from the first question to the window, one
/// client is always there.
#[test]
fn a_server_that_resets_itself_is_no_reason_to_fail() {
    let Some(server) = start_server(24) else {
        writeln!(std::io::stderr(), "skipped: Xvfb is not installed").ok();
        return;
    };
    let display = admit_until_the_last_leaves(&server);
    let (code, text) = shown_in_a_window(&display);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_screen_of_16_bits_is_refused_in_plain_words() {
    let Some(server) = start_server(16) else {
        writeln!(std::io::stderr(), "skipped: Xvfb is not installed").ok();
        return;
    };
    let (code, text) = shown_in_a_window(&server.1);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("16 bits a pixel") && text.contains("remedy: "),
        "{text}"
    );
}

#[test]
fn in_the_child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let (x, _) = x11rb::connect(None).unwrap();
    let options = SinkOptions {
        size: Some((200, 120)),
        ..SinkOptions::default()
    };
    let mut sink = open("window", &options).unwrap();
    assert_eq!(sink.describe(), "window 200x120 on X11");

    shows(&mut *sink, &x, &pattern(200, 120, 1), |picture| {
        picture.pixels.clone()
    });
    shows(&mut *sink, &x, &pattern(200, 120, 99), |picture| {
        picture.pixels.clone()
    });
    shows(&mut *sink, &x, &pattern(260, 80, 7), centred_and_cropped);
    resized(&mut *sink, &x);
    keys(&mut *sink, &x);
    closed(&mut *sink, &x);

    drop(sink);
    until("the window is gone", || find_window(&x).is_none());
    let mut sink = open("window", &options).unwrap();
    shows(&mut *sink, &x, &pattern(200, 120, 5), |picture| {
        picture.pixels.clone()
    });
    println!("the child is done");
}

fn pattern(width: u32, height: u32, seed: u32) -> Picture {
    let mut picture = Picture::new(width, height);
    for (i, pixel) in picture.pixels.iter_mut().enumerate() {
        *pixel = (i as u32 + seed).wrapping_mul(0x9E_3779) & 0xFF_FFFF;
    }
    picture
}

/// A picture of 260x80 in a window of 200x120.
fn centred_and_cropped(picture: &Picture) -> Vec<u32> {
    let mut expected = vec![0; 20 * 200];
    for y in 0..80 {
        expected.extend_from_slice(&picture.row(y)[30..230]);
    }
    expected.extend([0; 20 * 200]);
    expected
}

/// Asks again until it is so; a server that does not come round fails the test.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not in 30 s");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn find_window(x: &RustConnection) -> Option<Window> {
    let root = x.setup().roots[0].root;
    let children = x.query_tree(root).unwrap().reply().unwrap().children;
    children.into_iter().find(|&window| {
        let name = x
            .get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 64)
            .unwrap();
        name.reply().is_ok_and(|name| name.value == b"face8x")
    })
}

/// What the screen shows of the window, `0x00RRGGBB`.
fn screen(x: &RustConnection) -> Option<Vec<u32>> {
    let window = find_window(x)?;
    let size = x.get_geometry(window).unwrap().reply().ok()?;
    let image = x
        .get_image(
            ImageFormat::Z_PIXMAP,
            window,
            0,
            0,
            size.width,
            size.height,
            !0,
        )
        .unwrap()
        .reply()
        .ok()?;
    let pixel = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]);
    Some(image.data.chunks_exact(4).map(pixel).collect())
}

fn shows(
    sink: &mut dyn Sink,
    x: &RustConnection,
    picture: &Picture,
    expected: impl Fn(&Picture) -> Vec<u32>,
) {
    until("the picture is on the screen", || {
        sink.present(picture).unwrap();
        screen(x) == Some(expected(picture))
    });
}

fn resized(sink: &mut dyn Sink, x: &RustConnection) {
    let size = ConfigureWindowAux::new().width(333).height(111);
    x.configure_window(find_window(x).unwrap(), &size)
        .unwrap()
        .check()
        .unwrap();
    let black = Picture::new(1, 1);
    until("the sink has the window's size", || {
        sink.present(&black).unwrap();
        sink.size() == Some((333, 111))
    });
    shows(sink, x, &pattern(333, 111, 3), |picture| {
        picture.pixels.clone()
    });
}

/// The code of the key that gives `symbol` (the same as its character in ASCII).
fn key_code(x: &RustConnection, symbol: u32) -> u8 {
    let (first, last) = (x.setup().min_keycode, x.setup().max_keycode);
    let mapping = x
        .get_keyboard_mapping(first, last - first + 1)
        .unwrap()
        .reply()
        .unwrap();
    let per_code = usize::from(mapping.keysyms_per_keycode);
    let codes = mapping.keysyms.chunks_exact(per_code);
    first
        + codes
            .into_iter()
            .position(|symbols| symbols.contains(&symbol))
            .unwrap() as u8
}

fn keys(sink: &mut dyn Sink, x: &RustConnection) {
    let window = find_window(x).unwrap();
    x.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)
        .unwrap();
    for (symbol, event) in [
        (u32::from(b'v'), UserEvent::NextView),
        (u32::from(b'f'), UserEvent::Freeze),
        (u32::from(b'm'), UserEvent::Mirror),
        (u32::from(b's'), UserEvent::Save),
        (0xFFBE, UserEvent::Help),             // F1
        (0xFFC8, UserEvent::Fullscreen(true)), // F11
        (u32::from(b'q'), UserEvent::Quit),
        (0xFF1B, UserEvent::Quit), // Escape
    ] {
        let mut press = KeyPressEvent {
            response_type: KEY_PRESS_EVENT,
            detail: key_code(x, symbol),
            sequence: 0,
            time: x11rb::CURRENT_TIME,
            root: x.setup().roots[0].root,
            event: window,
            child: x11rb::NONE,
            root_x: 0,
            root_y: 0,
            event_x: 0,
            event_y: 0,
            state: KeyButMask::default(),
            same_screen: true,
        };
        x.send_event(false, window, EventMask::NO_EVENT, press)
            .unwrap();
        press.response_type += 1; // KeyRelease
        x.send_event(false, window, EventMask::NO_EVENT, press)
            .unwrap()
            .check()
            .unwrap();
        next_event(sink, event);
    }
}

fn closed(sink: &mut dyn Sink, x: &RustConnection) {
    let atom = |name: &[u8]| x.intern_atom(false, name).unwrap().reply().unwrap().atom;
    let window = find_window(x).unwrap();
    let (protocols, delete) = (atom(b"WM_PROTOCOLS"), atom(b"WM_DELETE_WINDOW"));
    let message = ClientMessageEvent::new(32, window, protocols, [delete, 0, 0, 0, 0]);
    x.send_event(false, window, EventMask::NO_EVENT, message)
        .unwrap()
        .check()
        .unwrap();
    next_event(sink, UserEvent::Quit);
}

fn next_event(sink: &mut dyn Sink, expected: UserEvent) {
    let mut event = None;
    until("the event comes", || {
        event = sink.poll_event();
        event.is_some()
    });
    assert_eq!(event, Some(expected));
}
