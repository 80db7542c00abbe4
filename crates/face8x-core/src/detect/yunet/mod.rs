//! YuNet: faces with five landmarks, of any size, in pictures of any size.
//!
//! The network (W. Wu, H. Peng, S. Yu, *YuNet: A Tiny Millisecond-level Face Detector*, Machine
//! Intelligence Research 2023) has an anchor every 8, 16 and 32 pixels. For each it gives a class and
//! an object score, a box and five points; the confidence is the root of the product of the scores.
//! The one that is embedded, `models/detector.onnx`, runs in 8-bit integers by the engine; a file of
//! the user's may be of the same form, or in float for tract.

use std::path::Path;

use super::plan::{SearchPlan, Tile};
use super::tile::TileReader;
use super::{Detector, Extent, SearchOptions};
use crate::face::Detection;
use crate::frame::Frame;
use crate::geometry::{Point, Rect};
use crate::network::{SHA256SUMS, engine_options, read_file, verify_checksum};
use crate::{Error, Result};

use anchor::{Anchor, keep_surest};
use float::FloatNetwork;
use integer::IntegerNetwork;

mod anchor;
mod float;
mod integer;

/// The face detector that comes with the program.
const DETECTOR_MODEL: &[u8] = include_bytes!("../../../../../models/detector.onnx");

/// Confidence from which a face counts.
const CONFIDENCE: f32 = 0.6;
/// Distances of the anchors in pixels.
const STRIDES: [usize; 3] = [8, 16, 32];
/// Most faces of a search that are looked after in the next one.
const MAX_KNOWN: usize = 32;
/// So many searches in a row may miss a face before it is looked after no more.
const MAX_MISSES: u32 = 3;

/// A network of YuNet's form.
trait YuNetModel: Send {
    /// The sizes of its input.
    fn input_size(&self) -> super::plan::InputSize;

    /// Adds the anchors of a picture (display pixels) that are as sure as [`CONFIDENCE`] to `found`.
    fn run(&mut self, size: (usize, usize), pixels: &[u32], found: &mut Vec<Anchor>) -> Result<()>;
}

/// A face that was found in the last searches.
#[derive(Debug, Clone, Copy)]
struct Known {
    centre: Point,
    side: f32,
    misses: u32,
}

/// A search of pictures by YuNet.
pub(super) struct YuNet {
    name: String,
    network: Box<dyn YuNetModel>,
    options: SearchOptions,
    reader: TileReader,
    pixels: Vec<u32>,
    anchors: Vec<Anchor>,
    candidates: Vec<(Rect, Detection)>,
    /// The size of the last picture, and how such pictures are searched.
    plan: Option<((u32, u32), SearchPlan)>,
    turn: usize,
    known: Vec<Known>,
}

/// Opens the embedded network.
///
/// # Errors
/// The program file is damaged.
pub(super) fn embedded(options: &SearchOptions) -> Result<YuNet> {
    verify_checksum("detector.onnx", DETECTOR_MODEL, SHA256SUMS)?;
    let network = IntegerNetwork::load(DETECTOR_MODEL)?;
    Ok(YuNet::new("YuNet".into(), Box::new(network), options))
}

/// Opens `yunet:FILE`.
///
/// # Errors
/// A usage error without a file; otherwise the file is missing, not ONNX, or another network.
pub(super) fn open(file: &str, options: &SearchOptions) -> Result<Box<dyn Detector>> {
    if file.is_empty() {
        return Err(
            Error::usage("the detector 'yunet' needs its model file").remedy(
                "write yunet:FILE, with OpenCV's face_detection_yunet or a quantised YuNet, or use auto",
            ),
        );
    }
    let bytes = read_file(Path::new(file), "yunet:")?;
    engine_options(None, 1)?;
    let network: Box<dyn YuNetModel> = match IntegerNetwork::load(&bytes) {
        Ok(network) => Box::new(network),
        Err(integer) => match FloatNetwork::load(file, &bytes) {
            Ok(network) => Box::new(network),
            Err(float) => {
                return Err(float.context(format!("as 8-bit integers: {integer}; in float")));
            }
        },
    };
    Ok(Box::new(YuNet::new(
        format!("yunet:{file}"),
        network,
        options,
    )))
}

impl YuNet {
    fn new(name: String, network: Box<dyn YuNetModel>, options: &SearchOptions) -> YuNet {
        YuNet {
            name,
            network,
            options: *options,
            reader: TileReader::default(),
            pixels: Vec::new(),
            anchors: Vec::new(),
            candidates: Vec::new(),
            plan: None,
            turn: 0,
            known: Vec::with_capacity(MAX_KNOWN),
        }
    }

    /// Brings the plan up to date: the camera's size may change when it comes back.
    fn set_size(&mut self, frame: &Frame) {
        let size = (frame.width, frame.height);
        if self.plan.as_ref().is_some_and(|(known, _)| *known == size) {
            return;
        }
        let pixels = (frame.width as usize, frame.height as usize);
        let plan = SearchPlan::new(pixels, self.options.min_face, self.network.input_size());
        self.plan = Some((size, plan));
        self.known.clear();
        self.turn = 0;
    }

    /// Adds what the network finds in a tile to the candidates.
    fn search(&mut self, frame: &Frame, tile: &Tile) -> Result<()> {
        self.reader.read(frame, tile, &mut self.pixels)?;
        self.anchors.clear();
        let size = (tile.width, tile.height);
        self.network.run(size, &self.pixels, &mut self.anchors)?;
        let candidates = self.anchors.iter().filter_map(|anchor| anchor.face(tile));
        self.candidates.extend(candidates);
        Ok(())
    }

    /// Searches all of the picture, or the part whose turn it is.
    fn search_all(&mut self, frame: &Frame) -> Result<()> {
        self.candidates.clear();
        // Taken, so that the rest of `self` can be used meanwhile.
        let Some((size, plan)) = self.plan.take() else {
            return Ok(());
        };
        let searched = match self.options.extent {
            Extent::Whole => plan.all().try_for_each(|tile| self.search(frame, &tile)),
            Extent::InTurn => plan
                .in_turn(self.turn)
                .try_for_each(|tile| self.search(frame, &tile))
                .and_then(|()| self.search_known(frame, &plan)),
        };
        self.turn = self.turn.wrapping_add(1);
        self.plan = Some((size, plan));
        searched
    }

    fn search_known(&mut self, frame: &Frame, plan: &SearchPlan) -> Result<()> {
        for k in 0..self.known.len() {
            let Known { centre, side, .. } = self.known[k];
            if let Some(tile) = plan.around(centre, side) {
                self.search(frame, &tile)?;
            }
        }
        Ok(())
    }

    /// Whether a face is one of those that are to be reported.
    pub(super) fn is_large_enough(&self, face: &Detection) -> bool {
        face.side()
            .is_some_and(|side| side >= self.options.least_side())
    }

    /// Remembers where faces are.
    fn remember(&mut self, found: &[Detection]) {
        for known in &mut self.known {
            known.misses += 1;
        }
        self.known.retain(|known| {
            let again = |face: &Detection| {
                let centre = face.face_box.centre();
                let apart = (centre.x - known.centre.x).hypot(centre.y - known.centre.y);
                apart < known.side / 2.0
            };
            known.misses < MAX_MISSES && !found.iter().any(again)
        });
        for face in found.iter().take(MAX_KNOWN) {
            let (centre, side) = (face.face_box.centre(), face.side().unwrap_or(0.0));
            self.known.insert(
                0,
                Known {
                    centre,
                    side,
                    misses: 0,
                },
            );
        }
        self.known.truncate(MAX_KNOWN);
    }
}

impl Detector for YuNet {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn needs_pixels(&self) -> bool {
        true
    }

    fn detect(&mut self, frame: &Frame, found: &mut Vec<Detection>) -> Result<()> {
        found.clear();
        frame.validate()?;
        // No face is as large as this, however much of it lies outside.
        if self.options.min_face / 4 > frame.width.max(frame.height) {
            return Ok(());
        }
        self.set_size(frame);
        self.search_all(frame)?;
        keep_surest(&mut self.candidates, found);
        found.retain(|face| self.is_large_enough(face));
        if self.options.extent == Extent::InTurn {
            self.remember(found);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
