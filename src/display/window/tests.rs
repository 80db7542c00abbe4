use std::ffi::OsString;
use std::path::Path;

use super::system::{Desktop, find_system};
use super::*;

fn found(wayland: Option<&str>, folder: &Path, x11: Option<&str>) -> Result<DisplayServer> {
    let name = |name: Option<&str>| name.map(OsString::from);
    find_system(Desktop {
        wayland_socket: false,
        wayland_display: name(wayland),
        runtime_dir: Some(folder.into()),
        x11_display: name(x11),
    })
    .map(|answer| answer.system)
}

#[test]
fn without_a_desktop_there_is_no_window() {
    let folder = tempfile::tempdir().unwrap();
    let error = found(None, folder.path(), None).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("neither WAYLAND_DISPLAY nor DISPLAY"),
        "{error}"
    );
    assert!(error.remedy_text().unwrap().contains("drm"));
    let error = found(Some("wayland-7"), folder.path(), None).unwrap_err();
    assert!(error.to_string().contains("wayland-7"), "{error}");
}

#[test]
fn a_compositor_that_answers_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("wayland-3");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for name in ["wayland-3", socket.to_str().unwrap()] {
        match found(Some(name), folder.path(), None) {
            Ok(system) => assert_eq!(system, DisplayServer::Wayland),
            Err(error) => assert!(error.to_string().contains("libxkbcommon"), "{error}"),
        }
    }
}

#[test]
fn an_argument_is_a_mistake() {
    let error = open("big", &SinkOptions::default()).err().unwrap();
    assert_eq!(error.exit_code(), 2);
}
