//! V4L2 controls by name: the vivid driver breaks its own camera when its controls ask for it.

use std::fs::{File, OpenOptions};

use rustix::io::Errno;
use rustix::ioctl::{Opcode, Updater, ioctl, opcode};

use crate::Result;

/// `struct v4l2_queryctrl` of linux/videodev2.h.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct QueryControl {
    id: u32,
    kind: u32,
    name: [u8; 32],
    minimum: i32,
    maximum: i32,
    step: i32,
    default_value: i32,
    flags: u32,
    reserved: [u32; 2],
}

/// `struct v4l2_control`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Control {
    id: u32,
    value: i32,
}

const QUERYCTRL: Opcode = opcode::read_write::<QueryControl>(b'V', 36);
const S_CTRL: Opcode = opcode::read_write::<Control>(b'V', 28);
/// Asks for the control after the given one (V4L2_CTRL_FLAG_NEXT_CTRL).
const NEXT: u32 = 0x8000_0000;

/// Sets the control `name` of `device`; buttons are pressed by any value.
pub fn set(device: &str, name: &str, value: Option<&str>) -> Result<()> {
    let value = value.map_or(Ok(1), str::parse)?;
    let file = OpenOptions::new().read(true).write(true).open(device)?;
    let id = find(&file, name)?.ok_or_else(|| format!("{device} has no control {name:?}"))?;
    let mut control = Control { id, value };
    // SAFETY: S_CTRL reads and writes one v4l2_control, which Control is laid out as.
    unsafe { ioctl(&file, Updater::<S_CTRL, Control>::new(&mut control)) }?;
    Ok(())
}

fn find(file: &File, name: &str) -> Result<Option<u32>> {
    let mut query = QueryControl::default();
    loop {
        query.id |= NEXT;
        // SAFETY: QUERYCTRL reads and writes one v4l2_queryctrl, which QueryControl is laid out as.
        match unsafe { ioctl(file, Updater::<QUERYCTRL, QueryControl>::new(&mut query)) } {
            Ok(()) => {}
            Err(Errno::INVAL) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let end = query.name.iter().position(|b| *b == 0).unwrap_or(32);
        if &query.name[..end] == name.as_bytes() {
            return Ok(Some(query.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_those_of_the_header() {
        // VIDIOC_QUERYCTRL and VIDIOC_S_CTRL as the kernel's headers give them.
        assert_eq!(QUERYCTRL, 0xc044_5624);
        assert_eq!(S_CTRL, 0xc008_561c);
    }

    #[test]
    fn other_files_have_no_controls() {
        assert!(set("/dev/null", "Brightness", Some("1")).is_err());
        assert!(set("/dev/null", "Brightness", Some("bright")).is_err());
    }
}
