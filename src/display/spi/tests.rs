use std::collections::HashMap;
use std::fs;

use proptest::prelude::*;

use super::*;
use crate::display::{Brightness, Dimming};
use crate::picture::Picture;

/// A display controller as its datasheet describes it: a memory that CASET (2A) and RASET (2B)
/// open a window into, and RAMWR (2C) fills.
#[derive(Default)]
struct Controller {
    memory: HashMap<(u16, u16), u16>,
    columns: (u16, u16),
    rows: (u16, u16),
    at: (u16, u16),
    half: Option<u8>,
    command: u8,
    arguments: Vec<u8>,
    commands: Vec<(u8, Vec<u8>)>,
}

impl Controller {
    /// Replays a recording, checking that no transfer is empty or longer than spidev takes.
    fn replay(text: &str) -> Controller {
        let mut controller = Controller::default();
        for line in text.lines() {
            let (kind, bytes) = line.split_once(' ').unwrap();
            let bytes: Vec<u8> = bytes
                .split(' ')
                .map(|byte| u8::from_str_radix(byte, 16).unwrap())
                .collect();
            assert!(
                (1..=4096).contains(&bytes.len()),
                "a transfer of {}",
                bytes.len()
            );
            for byte in bytes {
                match kind {
                    "command" => controller.start(byte),
                    "data" => controller.take(byte),
                    _ => panic!("{line}"),
                }
            }
        }
        controller.start(0);
        controller
    }

    fn start(&mut self, command: u8) {
        let arguments = std::mem::take(&mut self.arguments);
        self.commands.push((self.command, arguments));
        self.command = command;
        self.half = None;
        self.at = (self.columns.0, self.rows.0);
    }

    fn take(&mut self, byte: u8) {
        if self.command != 0x2C {
            self.arguments.push(byte);
            let range = |a: &[u8]| {
                (
                    u16::from_be_bytes([a[0], a[1]]),
                    u16::from_be_bytes([a[2], a[3]]),
                )
            };
            match (self.command, self.arguments.len()) {
                (0x2A, 4) => self.columns = range(&self.arguments),
                (0x2B, 4) => self.rows = range(&self.arguments),
                _ => {}
            }
            return;
        }
        let Some(high) = self.half.take() else {
            self.half = Some(byte);
            return;
        };
        self.memory
            .insert(self.at, u16::from_be_bytes([high, byte]));
        self.at.0 += 1;
        if self.at.0 > self.columns.1 {
            self.at = (self.columns.0, self.at.1 + 1);
        }
        if self.at.1 > self.rows.1 {
            self.at.1 = self.rows.0;
        }
    }

    /// The arguments of the last such command.
    fn last(&self, command: u8) -> Option<&[u8]> {
        let found = self
            .commands
            .iter()
            .rev()
            .find(|(number, _)| *number == command);
        found.map(|(_, arguments)| arguments.as_slice())
    }
}

/// Records pictures and gives the recording back.
fn record(settings: &str, pictures: &[Picture]) -> Controller {
    let file = tempfile::NamedTempFile::new().unwrap();
    let uri = format!("{settings},path={}", file.path().display());
    let mut sink = open_test(&uri, &SinkOptions::default()).unwrap();
    for picture in pictures {
        sink.present(picture).unwrap();
    }
    drop(sink);
    Controller::replay(&fs::read_to_string(file.path()).unwrap())
}

fn picture(width: u32, height: u32, seed: u32) -> Picture {
    let mut picture = Picture::new(width, height);
    for (i, pixel) in picture.pixels.iter_mut().enumerate() {
        *pixel = (i as u32).wrapping_mul(40_503).wrapping_add(seed) & 0xFF_FFFF;
    }
    picture
}

/// Red, green and blue by division, for comparison with the driver's shifts.
fn rgb565(pixel: u32) -> u16 {
    let [_, r, g, b] = pixel.to_be_bytes().map(u16::from);
    r / 8 * 2048 + g / 4 * 32 + b / 8
}

fn assert_shows(controller: &Controller, picture: &Picture, (left, top): (u16, u16)) {
    assert_eq!(controller.memory.len(), picture.pixels.len());
    for y in 0..picture.height {
        for (x, &pixel) in picture.row(y).iter().enumerate() {
            let at = (left + x as u16, top + y as u16);
            assert_eq!(
                controller.memory.get(&at),
                Some(&rgb565(pixel)),
                "at {at:?}"
            );
        }
    }
}

#[test]
fn every_panel_shows_every_pixel() {
    for panel in panel::PANELS {
        let (width, height) = (
            u32::from(panel.module.size.0),
            u32::from(panel.module.size.1),
        );
        let pictures = [picture(width, height, 1), picture(width, height, 77)];
        let controller = record(panel.name, &pictures);
        assert_shows(&controller, &pictures[1], (0, 0));
        let madctl = controller.last(0x36).unwrap()[0];
        assert_eq!(
            madctl & 0x08 != 0,
            panel.module.bgr,
            "{}: MADCTL's BGR bit",
            panel.name
        );
        let inverted = controller.last(0x21).is_some();
        assert_eq!(inverted, panel.module.invert, "{}: INVON", panel.name);
        assert_eq!(
            controller.last(0x3A).unwrap()[0] & 7,
            5,
            "{}: 16 bits",
            panel.name
        );
        assert!(controller.last(0x29).is_some(), "{}: DISPON", panel.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_size_and_offset_is_filled_exactly(
        (width, height) in (1u16..70, 1u16..70),
        (left, top) in (0u16..60, 0u16..90),
    ) {
        let shown = picture(width.into(), height.into(), 9);
        let settings = format!("st7735s,width={width},height={height},offset={left}:{top}");
        let controller = record(&settings, std::slice::from_ref(&shown));
        assert_shows(&controller, &shown, (left, top));
    }
}

#[test]
fn settings_are_understood() {
    let uri = "ILI9341,dev=/dev/spidev1.2,chip=/dev/gpiochip4,dc=24,rst=25,bl=18,speed=40000000,\
               mode=3,width=200,height=100,offset=2:3,invert=1,bgr=0";
    let s = Settings::parse(uri).unwrap();
    assert_eq!(
        (s.dev.as_str(), s.chip.as_str()),
        ("/dev/spidev1.2", "/dev/gpiochip4")
    );
    assert_eq!((s.dc, s.rst, s.bl), (Some(24), Some(25), Some(18)));
    assert_eq!(
        (s.speed, s.mode, s.module.size, s.module.offset),
        (40_000_000, 3, (200, 100), (2, 3))
    );
    assert_eq!(
        (s.module.invert, s.module.bgr, s.panel.name),
        (true, false, "ili9341")
    );
}

#[test]
fn mistakes_are_usage_errors_that_name_the_nearest() {
    for (argument, near) in [
        ("ili9314,dc=1", "\"ili9341\""),
        ("st7798", "\"st7789\""),
        ("ili9341,sped=1", "\"speed\""),
        ("ili9341,rset=1", "\"rst\""),
        ("ili9341,widht=3", "\"width\""),
    ] {
        let error = Settings::parse(argument).err().unwrap();
        assert_eq!(error.exit_code(), 2, "{argument}");
        let remedy = error.remedy_text().unwrap();
        let question = format!("did you mean {near}?");
        assert!(remedy.starts_with(&question), "{argument}: {remedy}");
    }
    for argument in [
        "",
        "ili9341,dc",
        "ili9341,dc=x",
        "ili9341,mode=4",
        "ili9341,offset=3",
        "ili9341,bgr=yes",
        "ili9341,width=70000",
        "ili9341,speed=-1",
    ] {
        let error = Settings::parse(argument).err().unwrap();
        assert_eq!(error.exit_code(), 2, "{argument}");
        assert!(error.remedy_text().is_some(), "{argument}");
    }
    let error = open_test("", &SinkOptions::default()).err().unwrap();
    assert_eq!(error.exit_code(), 2);
}

proptest! {
    #[test]
    fn any_argument_is_understood_or_a_usage_error(
        argument in "(st7789|gc9a01|s)?(,(dc|path|width|offset|mode|invert|speed)?=?[-0-9:a-z.é]{0,8}){0,4}",
    ) {
        let errors = [Settings::parse(&argument).err(), Settings::parse_test(&argument).err()];
        for error in errors.into_iter().flatten() {
            prop_assert_eq!(error.exit_code(), 2);
            prop_assert!(error.remedy_text().is_some());
        }
    }
}

#[test]
fn a_size_outside_the_panels_memory_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for size in [
        "width=241",
        "height=0",
        "width=0",
        "offset=1:0",
        "height=100,offset=0:221",
        "width=200,offset=65500:0",
    ] {
        let uri = format!("ili9341,{size},path={}", file.path().display());
        let error = open_test(&uri, &SinkOptions::default()).err().unwrap();
        assert!(error.to_string().contains("240x320"), "{size}: {error}");
        assert_eq!(error.exit_code(), 2, "{size}");
    }
}

#[test]
fn a_bare_path_records_an_ili9341() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let sink = open_test(path, &SinkOptions::default()).unwrap();
    assert_eq!(sink.size(), Some((240, 320)));
    assert_eq!(
        sink.describe(),
        format!("test:ili9341 recorded in {path} 240x320")
    );
    assert!(open_test("/no/such/folder/bus", &SinkOptions::default()).is_err());
}

#[test]
fn a_board_without_spi_says_how_to_enable_it() {
    let error = open("ili9341,dev=/dev/spidev99.9,dc=24", &SinkOptions::default())
        .err()
        .unwrap();
    assert_eq!(error.to_string(), "/dev/spidev99.9 does not exist");
    assert!(error.remedy_text().unwrap().contains("raspi-config"));
    let error = board::output("/dev/gpiochip99", 1, false).err().unwrap();
    assert!(error.remedy_text().unwrap().contains("chip="));
}

#[test]
fn what_a_silent_panel_was_sent_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus.txt");
    let settings = Settings::parse("st7789,dc=24,rst=25,speed=1000000").unwrap();
    let sent = Rc::new(Cell::new(Sent::default()));
    let parts = PanelParts {
        name: "a panel".to_owned(),
        wire: Box::new(Counting {
            wire: Box::new(SpiRecorder::create(&path).unwrap()),
            sent: Rc::clone(&sent),
        }),
        reset: None,
        backlight: None,
        delay: &mut NoDelay,
    };
    let sink = (settings.panel.open)(&settings.module, parts).unwrap();
    let recorded = fs::read_to_string(&path).unwrap();
    let bytes = |kind: &str| -> u64 {
        let lines = recorded.lines().filter(|line| line.starts_with(kind));
        lines.map(|line| line.split(' ').count() as u64 - 1).sum()
    };
    let expected = Sent {
        commands: bytes("command"),
        data: bytes("data"),
    };
    assert_eq!(sent.get(), expected);
    assert!(expected.data > 240 * 240 * 2, "{expected:?}");
    let [what, how] = count::report(&settings, sent.get());
    for words in [
        &*format!("{} commands and {} bytes", expected.commands, expected.data),
        "240x240",
        "/dev/spidev0.0 (mode 0, 1000000 Hz)",
        "data/command 24, reset 25, backlight none",
    ] {
        assert!(what.contains(words), "no {words} in {what}");
    }
    assert!(how.contains("test-pattern"));
    drop(sink);
}

#[test]
fn a_panel_sleeps_without_its_light_and_wakes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus.txt");
    let settings = Settings::parse("ili9341,dc=24").unwrap();
    let lights = Rc::new(std::cell::RefCell::new(Vec::new()));
    let open = |backlight: Option<super::panel::LightSwitch>| {
        let parts = PanelParts {
            name: "a panel".to_owned(),
            wire: Box::new(SpiRecorder::create(&path).unwrap()),
            reset: None,
            backlight,
            delay: &mut NoDelay,
        };
        (settings.panel.open)(&settings.module, parts).unwrap()
    };
    let seen = Rc::clone(&lights);
    let mut sink = open(Some(Box::new(move |on| {
        seen.borrow_mut().push(on);
        Ok(())
    })));
    let mut after = |brightness: Brightness| {
        let before = fs::read_to_string(&path).unwrap().len();
        let done = sink.set_brightness(brightness).unwrap();
        let sent = fs::read_to_string(&path).unwrap().split_off(before);
        (done, sent, *lights.borrow().last().unwrap())
    };
    // SLPIN and SLPOUT of the MIPI DCS.
    let nothing = String::new;
    let done = Dimming::Done;
    assert_eq!(after(Brightness::Dim), (Dimming::Pictures, nothing(), true));
    assert_eq!(after(Brightness::Off), (done, "command 10\n".into(), false));
    assert_eq!(after(Brightness::Off), (done, nothing(), false));
    assert_eq!(after(Brightness::Full), (done, "command 11\n".into(), true));
    drop(sink);
    // One whose light cannot be switched gets darker pictures.
    let mut sink = open(None);
    let dimming = sink.set_brightness(Brightness::Off).unwrap();
    assert_eq!(dimming, Dimming::Pictures);
}
