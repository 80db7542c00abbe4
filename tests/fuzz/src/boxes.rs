//! Boxes that another program found, and the classes they are of.

use face8x_train::heatmap::{self, Boxes, Classes, HeatmapOptions};

use crate::packed::small_dataset;

/// A file of detections is refused, or heatmaps can be made with it.
pub fn boxes(data: &[u8]) {
    let (found, classes) = crate::halves(data);
    let classes = match classes {
        [] => Classes::default(),
        text => match Classes::read(&crate::file("classes.toml", text)) {
            Ok(classes) => classes,
            Err(error) => return crate::explained(&error),
        },
    };
    let name = if found.first() == Some(&b'[') {
        "boxes.json"
    } else {
        "boxes.csv"
    };
    let options = HeatmapOptions {
        dataset: small_dataset().clone(),
        output: Some(crate::scratch("made.f8h")),
        boxes: Boxes::File {
            file: crate::file(name, found),
            pictures: None,
        },
        classes,
        preview: None,
    };
    // Refused where a line has no sense, or nothing is found in the only picture.
    let _ = heatmap::make(&options);
}
