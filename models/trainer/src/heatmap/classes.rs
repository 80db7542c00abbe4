//! What is looked for in a face, and how much it counts.

use std::path::Path;

use face8x_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::files;

/// Where in its box a class counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fade {
    /// At its centre: exp(-2 r^2), r being 1 at the middle of the box's sides.
    Centre,
    /// At its rim: 1 - exp(-r^2 / (2 * 0.6^2)).
    Rim,
}

impl Fade {
    /// The factor at the squared distance `r2` from the box's centre.
    pub fn at(self, r2: f32) -> f32 {
        const RIM: f32 = 0.6;
        match self {
            Fade::Centre => (-2.0 * r2).exp(),
            Fade::Rim => 1.0 - (-r2 / (2.0 * RIM * RIM)).exp(),
        }
    }
}

/// One class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// The prompt that the detector was exported with, and the name in a detections file.
    pub name: String,
    pub weight: f32,
    #[serde(default = "centre")]
    pub fade: Fade,
}

fn centre() -> Fade {
    Fade::Centre
}

/// The classes, in the order of the detector's outputs, and what counts as found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classes {
    /// Boxes with a lower score are left out.
    #[serde(default = "confidence")]
    pub confidence: f32,
    /// Of two boxes of a class that overlap by more (intersection over union), the one with the
    /// lower score is left out.
    #[serde(default = "overlap")]
    pub overlap: f32,
    #[serde(rename = "class")]
    pub classes: Vec<Class>,
}

fn confidence() -> f32 {
    0.1
}

fn overlap() -> f32 {
    0.5
}

impl Default for Classes {
    /// The paper's prompts and weights.
    fn default() -> Self {
        use Fade::{Centre, Rim};
        let classes = [
            ("eye", 4.5, Centre),
            ("mouth", 4.0, Centre),
            ("ear", 4.0, Centre),
            ("nose", 4.0, Centre),
            ("nosetip", 3.0, Centre),
            ("face", 4.0, Rim),
            ("chin", 4.0, Centre),
            ("head", 2.0, Rim),
            ("eyebrows", 4.0, Centre),
        ];
        let class = |(name, weight, fade): (&str, f32, Fade)| Class {
            name: name.into(),
            weight,
            fade,
        };
        Classes {
            confidence: confidence(),
            overlap: overlap(),
            classes: classes.map(class).into(),
        }
    }
}

impl Classes {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// It cannot be read, has unknown keys, or values that make no sense.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| files::cannot("read", path, &e))?;
        let wrong = |what: String| {
            Error::usage(format!("{}: {what}", path.display()))
                .remedy("models/trainer/configs/prompts.toml is an example")
        };
        let classes: Classes = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        for (key, value) in [
            ("confidence", classes.confidence),
            ("overlap", classes.overlap),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(wrong(format!("{key} is between 0 and 1")));
            }
        }
        if classes.classes.is_empty() {
            return Err(wrong("there is no [[class]]".into()));
        }
        for (k, class) in classes.classes.iter().enumerate() {
            if !(class.weight > 0.0 && class.weight <= 1000.0) {
                return Err(wrong(format!("the weight of {} is above 0", class.name)));
            }
            if classes.find(&class.name) != Some(k) {
                return Err(wrong(format!("{} stands there twice", class.name)));
            }
        }
        Ok(classes)
    }

    /// The number of the class of this name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.classes.iter().position(|class| class.name == name)
    }
}
