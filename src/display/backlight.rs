//! The light of a display that is built into the machine, as the kernel has it in
//! `/sys/class/backlight` (Documentation/ABI/stable/sysfs-class-backlight).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Brightness, Dimming};
use crate::host::board::names;

/// Of the light when it is dimmed.
const DIM: u32 = 5;
/// Values of the file `bl_power` (`FB_BLANK_UNBLANK`, `FB_BLANK_POWERDOWN`).
const POWER_ON: u32 = 0;
const POWER_OFF: u32 = 4;

/// A backlight, as bright again when it is dropped as it was when it was found.
#[derive(Debug)]
pub(super) struct Backlight {
    folder: PathBuf,
    full: u32,
    now: Brightness,
}

impl Backlight {
    /// This machine's first.
    pub(super) fn find() -> Option<Backlight> {
        Backlight::find_in(Path::new("/sys/class/backlight"))
    }

    fn find_in(class: &Path) -> Option<Backlight> {
        let folder = class.join(names(class, "").first()?);
        let brightness = fs::read_to_string(folder.join("brightness")).ok()?;
        Some(Backlight {
            full: brightness.trim().parse().ok()?,
            folder,
            now: Brightness::Full,
        })
    }

    /// Sets the light; whether that worked. The files are root's unless a rule gives them to a group.
    pub(super) fn set(&mut self, brightness: Brightness) -> bool {
        if self.now == brightness {
            return true;
        }
        let level = match brightness {
            Brightness::Dim => (self.full / DIM).max(1),
            Brightness::Off | Brightness::Full => self.full,
        };
        let power = match brightness {
            Brightness::Off => POWER_OFF,
            Brightness::Dim | Brightness::Full => POWER_ON,
        };
        let written = self.write("brightness", level);
        let written = written.and_then(|()| self.write("bl_power", power));
        match &written {
            Ok(()) => self.now = brightness,
            Err(error) => log::debug!("{}: {error}", self.folder.display()),
        }
        written.is_ok()
    }

    fn write(&self, file: &str, value: u32) -> io::Result<()> {
        // Never made anew: the kernel has them.
        let mut file = fs::OpenOptions::new()
            .write(true)
            .open(self.folder.join(file))?;
        io::Write::write_all(&mut file, value.to_string().as_bytes())
    }
}

impl Drop for Backlight {
    fn drop(&mut self) {
        self.set(Brightness::Full);
    }
}

/// How a display becomes so bright whose connector can be `switched` off, or could not, and whose
/// light is changed by a backlight, where there is one.
pub(super) fn dimming(
    switched: bool,
    light: Option<&mut Backlight>,
    brightness: Brightness,
) -> Dimming {
    let is_lit = match light {
        Some(light) => light.set(brightness),
        None => brightness == Brightness::Full,
    };
    match is_lit || switched && brightness == Brightness::Off {
        true => Dimming::Done,
        false => Dimming::Pictures,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_light_is_dimmed_switched_off_and_comes_back() {
        let class = tempfile::tempdir().unwrap();
        assert!(Backlight::find_in(class.path()).is_none());
        let folder = class.path().join("rpi_backlight");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("brightness"), "200\n").unwrap();
        fs::write(folder.join("bl_power"), "0").unwrap();
        let mut light = Backlight::find_in(class.path()).unwrap();
        // A file of /sys is replaced as a whole by a write; these are not.
        let mut set = |brightness| {
            fs::write(folder.join("brightness"), "").unwrap();
            fs::write(folder.join("bl_power"), "").unwrap();
            assert!(light.set(brightness));
            ["brightness", "bl_power"].map(|name| fs::read_to_string(folder.join(name)).unwrap())
        };
        assert_eq!(set(Brightness::Dim), ["40", "0"]);
        assert_eq!(set(Brightness::Off), ["200", "4"]);
        assert_eq!(set(Brightness::Full), ["200", "0"]);
        set(Brightness::Off);
        fs::write(folder.join("bl_power"), "").unwrap();
        drop(light);
        assert_eq!(fs::read_to_string(folder.join("bl_power")).unwrap(), "0");
    }

    #[test]
    fn a_light_that_cannot_be_set_is_left_alone() {
        let class = tempfile::tempdir().unwrap();
        let folder = class.path().join("panel");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("brightness"), "7").unwrap();
        let mut light = Backlight::find_in(class.path()).unwrap();
        assert!(!light.set(Brightness::Off), "there is no bl_power");
    }
}
