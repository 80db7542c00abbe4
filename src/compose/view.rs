//! What can be shown, and which way up.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// How a frame and its restored faces are arranged.
///
/// | name | picture |
/// |---|---|
/// | `restored` | the first face's 128x128 pixels enlarged as large as fits |
/// | `side-by-side` | the first face restored, large, beside the camera and the 16x16 pixels |
/// | `strip` | the camera, and up to eight restored faces beside or below it |
/// | `in-place` | the camera, each small face replaced by its restoration |
/// | `full` | the camera fills the screen, the first restored face in a corner |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum View {
    /// The first face's restoration, centred, as large as fits; the live picture while there is
    /// no face.
    Restored,
    /// The first face's restoration as large as the screen allows, with words about it; small beside
    /// or below it the camera with the face boxes, the face's 16x16 pixels magnified as they are,
    /// what the network makes of them, and the other faces. Without a face the camera alone.
    #[default]
    SideBySide,
    /// The camera, and beside or below it up to eight restored faces in the order in which they
    /// appeared.
    Strip,
    /// The whole camera picture, in which each face that spans fewer than 128 pixels is replaced
    /// by its restoration with a soft edge. It is painted at the screen's resolution, so that on
    /// a screen larger than the frame the restored detail shows.
    InPlace,
    /// The camera fills the screen: what does not fit the screen's shape is cut off evenly on
    /// both sides. The face boxes are drawn, and the first restoration stands in the lower right
    /// corner.
    Full,
}

impl View {
    /// Every view, in the order of [`next`](View::next).
    pub const ALL: [View; 5] = [
        View::Restored,
        View::SideBySide,
        View::Strip,
        View::InPlace,
        View::Full,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            View::Restored => "restored",
            View::SideBySide => "side-by-side",
            View::Strip => "strip",
            View::InPlace => "in-place",
            View::Full => "full",
        }
    }

    /// One line of help.
    pub fn help(self) -> &'static str {
        match self {
            View::Restored => "the first face restored, as large as fits",
            View::SideBySide => {
                "the first face restored, large, beside the camera and the 16x16 pixels"
            }
            View::Strip => "the camera, and up to eight restored faces beside or below it",
            View::InPlace => "the camera, each small face replaced by its restoration",
            View::Full => "the camera fills the screen, the first restored face in a corner",
        }
    }

    /// The view after this one, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        let at = View::ALL.iter().position(|&view| view == self).unwrap_or(0);
        View::ALL[(at + 1) % View::ALL.len()]
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for View {
    type Err = Error;

    /// The view of this name; any other is a usage error that names the nearest.
    fn from_str(name: &str) -> Result<Self, Error> {
        let names = View::ALL.map(View::name);
        View::ALL
            .into_iter()
            .find(|view| view.name() == name)
            .ok_or_else(|| Error::unknown("view", name, &names))
    }
}

/// How far the picture is turned for the display, clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rotation {
    /// Not turned.
    #[default]
    Deg0,
    /// A quarter turn clockwise.
    Deg90,
    /// Upside down.
    Deg180,
    /// A quarter turn anticlockwise.
    Deg270,
}

impl Rotation {
    /// Every rotation, from 0 degrees on.
    pub const ALL: [Rotation; 4] = [
        Rotation::Deg0,
        Rotation::Deg90,
        Rotation::Deg180,
        Rotation::Deg270,
    ];

    /// Degrees clockwise, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Rotation::Deg0 => "0",
            Rotation::Deg90 => "90",
            Rotation::Deg180 => "180",
            Rotation::Deg270 => "270",
        }
    }

    /// Quarter turns clockwise, 0 to 3.
    pub(crate) fn quarter_turns(self) -> u8 {
        self as u8
    }

    /// The size of a `width` x `height` picture after this rotation (and before it: the same).
    pub fn turned(self, (width, height): (u32, u32)) -> (u32, u32) {
        match self {
            Rotation::Deg0 | Rotation::Deg180 => (width, height),
            Rotation::Deg90 | Rotation::Deg270 => (height, width),
        }
    }
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Rotation {
    type Err = Error;

    /// 0, 90, 180 or 270; anything else is a usage error.
    fn from_str(degrees: &str) -> Result<Self, Error> {
        Rotation::ALL
            .into_iter()
            .find(|r| r.name() == degrees)
            .ok_or_else(|| {
                Error::usage(format!("cannot rotate by \"{degrees}\" degrees"))
                    .remedy("rotate by 0, 90, 180 or 270 degrees clockwise")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for view in View::ALL {
            assert_eq!(view.to_string().parse::<View>(), Ok(view));
        }
        for rotation in Rotation::ALL {
            assert_eq!(rotation.to_string().parse::<Rotation>(), Ok(rotation));
        }
    }

    #[test]
    fn an_unknown_view_names_the_nearest() {
        let error = "side-by-sid".parse::<View>().unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert_eq!(error.to_string(), "unknown view \"side-by-sid\"");
        let remedy = error.remedy_text().unwrap();
        assert!(
            remedy.starts_with("did you mean \"side-by-side\"?"),
            "{remedy}"
        );
        assert!(
            remedy.contains("restored, side-by-side, strip, in-place, full"),
            "{remedy}"
        );
        let far = "zzzzzzzz".parse::<View>().unwrap_err();
        assert!(
            !far.remedy_text().unwrap().contains("did you mean"),
            "{far:?}"
        );
    }

    #[test]
    fn an_unknown_rotation_is_a_usage_error() {
        for bad in ["45", "-90", "360", ""] {
            assert_eq!(bad.parse::<Rotation>().unwrap_err().exit_code(), 2, "{bad}");
        }
    }

    #[test]
    fn next_comes_round_through_all() {
        let mut view = View::Strip;
        let mut seen = Vec::new();
        for _ in 0..View::ALL.len() {
            seen.push(view);
            view = view.next();
        }
        assert_eq!(view, View::Strip);
        assert!(View::ALL.iter().all(|v| seen.contains(v)));
    }
}
