use super::*;

fn with_session(root: &Root, session: &Session) -> Diagnosis {
    let surroundings = Surroundings {
        session: session.clone(),
        ..Surroundings::default()
    };
    examine(root.path(), &surroundings, None)
}

#[test]
fn window_systems_are_looked_for_where_the_environment_says() {
    let surroundings = Session {
        display: Some(":1.0".into()),
        wayland_display: Some("wayland-0".into()),
        runtime_dir: Some("/run/user/1000".into()),
    };
    let root = Root::new();
    let absent = with_session(&root, &surroundings);
    let windows = named(&absent, "window");
    assert_eq!(windows.len(), 2);
    assert!(
        windows.iter().all(|check| check.severity == Severity::Note),
        "{absent}"
    );
    assert!(
        windows[0]
            .finding
            .contains("/run/user/1000/wayland-0 does not exist")
    );

    let root = root
        .file("run/user/1000/wayland-0", "")
        .file("tmp/.X11-unix/X1", "");
    let present = with_session(&root, &surroundings);
    let findings: Vec<_> = named(&present, "window")
        .iter()
        .map(|c| c.finding.clone())
        .collect();
    assert_eq!(findings, ["Wayland, wayland-0", "X11, :1.0"]);
    assert_eq!(named(&present, "display").len(), 0);

    let remote = Session {
        display: Some("host:3".into()),
        ..Session::default()
    };
    let remote = with_session(&root, &remote);
    assert_eq!(one(&remote, "window"), found(Severity::Ok, "X11, host:3"));
}

#[test]
fn a_connected_display_must_be_open_to_the_user() {
    let granted = report(&hdmi(Root::new().member(), "connected"));
    assert_eq!(
        one(&granted, "drm"),
        found(Severity::Ok, "/dev/dri/card1: HDMI-A-1 connected")
    );

    let root = hdmi(Root::new().stranger(), "connected");
    let refused = report(&root);
    assert_eq!(one(&refused, "drm").0, Severity::Problem);
    assert_eq!(
        remedy(&refused, "drm"),
        "sudo usermod -aG video $USER, then log in again"
    );

    let desktop = Session {
        display: Some("host:0".into()),
        ..Session::default()
    };
    let refused = with_session(&root, &desktop);
    assert_eq!(
        one(&refused, "drm").0,
        Severity::Note,
        "a window does as well"
    );

    let stopped = Session {
        display: Some(":0".into()),
        ..Session::default()
    };
    let refused = with_session(&root, &stopped);
    assert_eq!(
        one(&refused, "drm").0,
        Severity::Problem,
        "a window system that is not there"
    );

    let nothing = report(&hdmi(Root::new().member(), "disconnected"));
    assert_eq!(named(&nothing, "drm").len(), 0);
    assert_eq!(one(&nothing, "display").0, Severity::Note);
}

#[test]
fn a_display_that_a_desktop_holds_is_noted() {
    let root = hdmi(Root::new().member(), "connected")
        .file("proc/99/comm", "Xorg\n")
        .link("proc/99/fd/9", "/dev/dri/card1");
    let finding = "/dev/dri/card1: HDMI-A-1 connected, in use by Xorg (process 99)";
    assert_eq!(one(&report(&root), "drm"), found(Severity::Note, finding));
}

#[test]
fn a_framebuffer_is_described_and_must_be_open_to_the_user() {
    let framebuffer = |root: Root| {
        root.node("dev/fb0", 0o660)
            .file("sys/class/graphics/fb0/virtual_size", "640,480\n")
            .file("sys/class/graphics/fb0/bits_per_pixel", "16\n")
    };
    let granted = report(&framebuffer(Root::new().member()));
    let finding = "/dev/fb0: 640x480, 16 bits a pixel";
    assert_eq!(one(&granted, "framebuffer"), found(Severity::Ok, finding));
    let refused = report(&framebuffer(Root::new().stranger()));
    assert_eq!(one(&refused, "framebuffer").0, Severity::Problem);
    assert!(remedy(&refused, "framebuffer").contains("usermod -aG video"));
}

#[test]
fn panels_need_spi_and_gpio() {
    let spi = |root: Root| {
        root.node("dev/spidev0.1", 0o660)
            .node("dev/spidev0.0", 0o660)
    };
    let with_gpio = |root: Root| spi(root).node("dev/gpiochip0", 0o660);
    let granted = report(&with_gpio(Root::new().member()));
    assert_eq!(
        one(&granted, "SPI"),
        found(Severity::Ok, "/dev/spidev0.0, /dev/spidev0.1")
    );
    assert_eq!(one(&granted, "GPIO"), found(Severity::Ok, "/dev/gpiochip0"));

    let refused = report(&with_gpio(Root::new().stranger()));
    assert_eq!(one(&refused, "SPI").0, Severity::Note);
    assert_eq!(one(&refused, "GPIO").0, Severity::Note);
    assert!(remedy(&refused, "GPIO").contains("usermod -aG"));

    assert_eq!(
        one(&report(&spi(Root::new().member())), "GPIO").0,
        Severity::Note
    );

    // A Raspberry Pi can have SPI; a PC has no check for it.
    let off = report(&Root::raspberry_pi_4());
    assert!(one(&off, "SPI").1.contains("raspi-config"));
    let pc = report(
        &Root::virtual_machine()
            .node("dev/gpiochip0", 0o600)
            .stranger(),
    );
    assert_eq!(named(&pc, "SPI").len() + named(&pc, "GPIO").len(), 0);
}
