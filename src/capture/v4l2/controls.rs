//! A camera's controls, under the names that `v4l2-ctl` prints.

use std::fmt;
use std::io;

use v4l::control::{Control, Description, Flags, MenuItem, Type, Value};

use super::device::{Node, contain};
use crate::capture::controls::Controls;
use crate::words::plain;
use crate::{Error, ErrorKind, Result};

/// What values a control takes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Values {
    Range {
        least: i64,
        most: i64,
        step: u64,
    },
    Switch,
    /// Numbers with their names.
    Menu(Vec<(i64, String)>),
}

/// A control that can be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CameraControl {
    id: u32,
    name: String,
    values: Values,
    default: i64,
}

impl CameraControl {
    /// One of a driver's; `None` where it is no number to set: a heading, a button, read alone.
    fn new(description: &Description) -> Option<CameraControl> {
        if description
            .flags
            .intersects(Flags::DISABLED | Flags::READ_ONLY)
        {
            return None;
        }
        let values = match (description.typ, &description.items) {
            (Type::Integer | Type::Integer64, _) => Values::Range {
                least: description.minimum,
                most: description.maximum,
                step: description.step,
            },
            (Type::Boolean, _) => Values::Switch,
            (Type::Menu | Type::IntegerMenu, Some(items)) => {
                let item =
                    |(number, item): &(u32, MenuItem)| (i64::from(*number), item.to_string());
                Values::Menu(items.iter().map(item).collect())
            }
            _ => return None,
        };
        Some(CameraControl {
            id: description.id,
            name: plain_name(&description.name),
            values,
            default: description.default,
        })
    }

    /// The number of a value in words.
    fn number(&self, value: &str) -> Option<i64> {
        let number = value.parse::<i64>().ok();
        match &self.values {
            Values::Range { least, most, step } => number.filter(|number| {
                let is_step = number.abs_diff(*least) % (*step).max(1) == 0;
                (least..=most).contains(&number) && is_step
            }),
            Values::Switch => match value.to_ascii_lowercase().as_str() {
                "1" | "on" | "true" => Some(1),
                "0" | "off" | "false" => Some(0),
                _ => None,
            },
            Values::Menu(items) => {
                let is_it = |(item, name): &&(i64, String)| {
                    number == Some(*item) || letters(name) == letters(value)
                };
                items.iter().find(is_it).map(|(item, _)| *item)
            }
        }
    }
}

impl fmt::Display for CameraControl {
    /// "gain: 0 to 255 (0)", "power_line_frequency: disabled, 50_hz, 60_hz (50_hz)".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, default) = (&self.name, self.default);
        match &self.values {
            Values::Range { least, most, step } if *step > 1 => {
                write!(
                    f,
                    "{name}: {least} to {most} in steps of {step} ({default})"
                )
            }
            Values::Range { least, most, .. } => write!(f, "{name}: {least} to {most} ({default})"),
            Values::Switch => write!(f, "{name}: 0 or 1 ({default})"),
            Values::Menu(items) => {
                let names: Vec<String> = items.iter().map(|(_, name)| plain_name(name)).collect();
                let chosen = items.iter().find(|(number, _)| *number == default);
                let chosen = chosen.map_or(default.to_string(), |(_, name)| plain_name(name));
                write!(f, "{name}: {} ({chosen})", names.join(", "))
            }
        }
    }
}

/// A driver's name as v4l2-ctl prints it: "Exposure Time, Absolute" is `exposure_time_absolute`.
fn plain_name(name: &str) -> String {
    plain(name, "_")
}

/// The letters and digits of a name: 50hz is the same as "50 Hz".
fn letters(name: &str) -> String {
    plain(name, "")
}

/// The numbers to set for these names and values.
///
/// # Errors
/// A usage error for a control or a value that the camera has not; the remedy lists those it has.
fn choose(offered: &[CameraControl], wished: &Controls) -> Result<Vec<(u32, i64)>> {
    let number = |(name, value): &(String, String)| {
        let Some(control) = offered.iter().find(|control| control.name == *name) else {
            let names: Vec<&str> = offered
                .iter()
                .map(|control| control.name.as_str())
                .collect();
            return Err(Error::unknown("control", name, &names));
        };
        match control.number(value) {
            Some(number) => Ok((control.id, number)),
            None => Err(
                Error::usage(format!("invalid value \"{value}\" of the control {name}"))
                    .remedy(format!("the camera has {control}")),
            ),
        }
    };
    wished.pairs().iter().map(number).collect()
}

/// The controls of a camera that can be set.
pub(super) fn offered(node: &Node) -> io::Result<Vec<CameraControl>> {
    let controls = contain(|| node.device.query_controls())?;
    Ok(controls.iter().filter_map(CameraControl::new).collect())
}

/// Sets a camera's controls.
///
/// # Errors
/// It has no such control or value, or refuses it.
pub(super) fn apply(node: &Node, wished: &Controls) -> Result<()> {
    if wished.is_empty() {
        return Ok(());
    }
    let path = node.path.display();
    let offered = offered(node).map_err(|error| {
        let message = format!("{path} does not list its controls: {error}");
        Error::new(ErrorKind::Device, message).remedy("leave --control out")
    })?;
    let numbers = choose(&offered, wished).map_err(|error| error.context(path))?;
    for ((id, number), (name, value)) in numbers.into_iter().zip(wished.pairs()) {
        let control = Control {
            id,
            value: Value::Integer(number),
        };
        contain(|| node.device.set_control(control)).map_err(|error| {
            let message = format!("{} refuses {name}={value}: {error}", node.path.display());
            Error::new(ErrorKind::Device, message).remedy(
                "another control may hold it: switch off its automatic first, in the same list",
            )
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(name: &str, typ: Type, range: (i64, i64, u64)) -> Description {
        Description {
            id: 9,
            typ,
            name: name.to_owned(),
            minimum: range.0,
            maximum: range.1,
            step: range.2,
            default: range.0,
            flags: Flags::from(0),
            items: None,
        }
    }

    /// A camera's, as `uvcvideo` describes them.
    fn camera() -> Vec<CameraControl> {
        let frequency = Description {
            items: Some(vec![
                (0, MenuItem::Name("Disabled".into())),
                (1, MenuItem::Name("50 Hz".into())),
                (2, MenuItem::Name("60 Hz".into())),
            ]),
            ..description("Power Line Frequency", Type::Menu, (0, 2, 1))
        };
        let heading = description("User Controls", Type::CtrlClass, (0, 0, 0));
        let counter = Description {
            flags: Flags::READ_ONLY,
            ..description("Frames", Type::Integer, (0, 9, 1))
        };
        let descriptions = [
            heading,
            counter,
            description("Exposure Time, Absolute", Type::Integer, (3, 2047, 1)),
            description("White Balance, Automatic", Type::Boolean, (0, 1, 1)),
            description("Focus, Absolute", Type::Integer, (0, 250, 5)),
            frequency,
        ];
        descriptions.iter().filter_map(CameraControl::new).collect()
    }

    #[test]
    fn controls_have_the_names_of_v4l2_ctl() {
        let lines: Vec<String> = camera().iter().map(ToString::to_string).collect();
        let expected = [
            "exposure_time_absolute: 3 to 2047 (3)",
            "white_balance_automatic: 0 or 1 (0)",
            "focus_absolute: 0 to 250 in steps of 5 (0)",
            "power_line_frequency: disabled, 50_hz, 60_hz (disabled)",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn values_are_numbers_switches_and_words() {
        let chosen = |text: &str| {
            let chosen = choose(&camera(), &text.parse().unwrap());
            chosen.map(|chosen| {
                chosen
                    .into_iter()
                    .map(|(_, number)| number)
                    .collect::<Vec<_>>()
            })
        };
        let all = "white_balance_automatic=off,exposure_time_absolute=200,focus_absolute=55";
        assert_eq!(chosen(all), Ok(vec![0, 200, 55]));
        for (word, number) in [("50hz", 1), ("60_hz", 2), ("Disabled", 0), ("2", 2)] {
            let control = format!("power_line_frequency={word}");
            assert_eq!(chosen(&control), Ok(vec![number]), "{word}");
        }
        for (wrong, what, remedy) in [
            (
                "exposure=1",
                "unknown control \"exposure\"",
                "power_line_frequency",
            ),
            (
                "focus_absolute=51",
                "invalid value \"51\"",
                "0 to 250 in steps of 5",
            ),
            (
                "exposure_time_absolute=2",
                "invalid value \"2\"",
                "3 to 2047",
            ),
            (
                "power_line_frequency=55hz",
                "\"55hz\"",
                "disabled, 50_hz, 60_hz",
            ),
            ("white_balance_automatic=2", "\"2\"", "0 or 1"),
        ] {
            let error = chosen(wrong).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(what), "{error}");
            assert!(error.remedy_text().unwrap().contains(remedy), "{error:?}");
        }
    }
}
