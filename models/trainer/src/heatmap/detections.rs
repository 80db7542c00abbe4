//! Boxes from a file that another program wrote.
//!
//! | form | |
//! |---|---|
//! | CSV | a line `picture,class,x0,y0,x1,y1,score`, then one line a box; `score` may be missing |
//! | JSON | `[{"picture": "1.jpg", "class": "eye", "box": [x0, y0, x1, y1], "score": 0.9}, ...]` |

use std::collections::HashMap;
use std::path::Path;

use face8x_core::geometry::Rect;
use face8x_core::{Error, Result};
use serde::Deserialize;

use super::yolo::suppress;
use super::{Classes, FeatureDetection, FeatureRegion};
use crate::files;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BoxEntry {
    picture: String,
    class: String,
    #[serde(rename = "box")]
    corners: [f32; 4],
    #[serde(default = "certain")]
    score: f32,
}

/// Entries with their places in the file, or what is wrong.
type Entries = std::result::Result<Vec<(String, BoxEntry)>, String>;

fn certain() -> f32 {
    1.0
}

/// The boxes of each picture, in the file's coordinates; those with too low a score, and those
/// that a better one covers, left out.
///
/// # Errors
/// The file cannot be read, a line of it has another form, a box has no area, or a class is
/// unknown; says which.
pub fn read(path: &Path, classes: &Classes) -> Result<HashMap<String, Vec<FeatureDetection>>> {
    let text = String::from_utf8(files::read(path)?).map_err(|_| {
        let what = format!("{} is not text", path.display());
        Error::other(what).remedy("save it as text in UTF-8")
    })?;
    let is_json = path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let read = if is_json {
        read_json(&text)
    } else {
        read_csv(&text)
    };
    let wrong = |what: String| Error::other(format!("{}: {what}", path.display()));
    let mut pictures: HashMap<String, Vec<FeatureDetection>> = HashMap::new();
    for (place, entry) in read.map_err(wrong)? {
        let Some(class) = classes.find(&entry.class) else {
            return Err(wrong(format!("{place}: unknown class \"{}\"", entry.class))
                .remedy("give it a weight in a file for --classes, or take its lines out"));
        };
        let [x0, y0, x1, y1] = entry.corners;
        if !(entry.corners.iter().all(|v| v.is_finite()) && x0 < x1 && y0 < y1) {
            let remedy = "write its left, top, right and bottom edge in pixels";
            return Err(wrong(format!("{place}: the box has no area")).remedy(remedy));
        }
        if entry.score >= classes.confidence {
            let bounds = Rect::new(x0, y0, x1 - x0, y1 - y0);
            pictures
                .entry(entry.picture)
                .or_default()
                .push(FeatureDetection {
                    region: FeatureRegion { class, bounds },
                    score: entry.score,
                });
        }
    }
    let kept = |(name, found)| (name, suppress(found, classes.overlap));
    Ok(pictures.into_iter().map(kept).collect())
}

fn read_json(text: &str) -> Entries {
    let entries: Vec<BoxEntry> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let numbered = entries.into_iter().enumerate();
    Ok(numbered
        .map(|(k, entry)| (format!("entry {}", k + 1), entry))
        .collect())
}

fn read_csv(text: &str) -> Entries {
    const NAMES: &str = "picture,class,x0,y0,x1,y1";
    let mut lines = text.lines().enumerate();
    let head = lines.next().map_or("", |(_, head)| head.trim_end());
    if head != NAMES && head != format!("{NAMES},score") {
        return Err(format!("the first line is not {NAMES},score"));
    }
    let columns = head.split(',').count();
    let filled = lines.filter(|(_, line)| !line.trim().is_empty());
    let entry = |(k, line): (usize, &str)| {
        let place = format!("line {}", k + 1);
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        if fields.len() != columns {
            return Err(format!(
                "{place} has {} fields instead of {columns}",
                fields.len()
            ));
        }
        let numbers = fields[2..].iter().map(|field| field.parse::<f32>());
        let numbers = numbers.collect::<std::result::Result<Vec<_>, _>>();
        let numbers = numbers.map_err(|_| format!("{place}: not a number"))?;
        let entry = BoxEntry {
            picture: fields[0].into(),
            class: fields[1].into(),
            corners: [numbers[0], numbers[1], numbers[2], numbers[3]],
            score: numbers.get(4).copied().unwrap_or_else(certain),
        };
        Ok((place, entry))
    };
    filled.map(entry).collect()
}
