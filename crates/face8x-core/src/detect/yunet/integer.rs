//! YuNet in 8-bit integers, by the engine: the form of `models/detector.onnx`.

use int8::{Format, QuantisedOutput, TensorInfo};

use super::anchor::Anchor;
use super::{CONFIDENCE, STRIDES, YuNetModel};
use crate::Result;
use crate::detect::plan::InputSize;
use crate::network::{broken, contained, engine_options};

/// Width and height of the largest input. Its largest tensor then has 2 MB, and stays in the cache of
/// most processors.
const LARGEST: usize = 704;
/// An input that a file of open size is tried with.
const TRIED: (usize, usize) = (64, 96);

/// The network, which gets the size of each picture.
pub(super) struct IntegerNetwork {
    input: InputSize,
    network: int8::Network,
    heads: [HeadIndices; 3],
}

/// The outputs of one stride, by their numbers.
struct HeadIndices {
    stride: usize,
    class: usize,
    object: usize,
    boxes: usize,
    points: usize,
    /// For each byte of the class score the least one of the object score with which a face is sure
    /// enough; 256 where none is.
    least: Box<[u16; 256]>,
}

impl IntegerNetwork {
    /// The network of an ONNX file's bytes.
    ///
    /// # Errors
    /// The engine cannot run the file whole, or it is another network.
    pub(super) fn load(onnx: &[u8]) -> Result<IntegerNetwork> {
        let load = |input_size| {
            let options = int8::Options {
                input_size,
                ..engine_options(None, 1)?
            };
            Ok(int8::Network::load(onnx, &options)?)
        };
        let (network, is_open) = match contained(|| load(None)) {
            Ok(network) => (network, false),
            Err(_) => (contained(|| load(Some([TRIED.1, TRIED.0])))?, true),
        };
        let size = (network.input().columns, network.input().rows);
        let heads = heads(&network, size)?;
        let input = match is_open {
            true => InputSize::UpTo(LARGEST, LARGEST),
            false => InputSize::Only(size.0, size.1),
        };
        Ok(IntegerNetwork {
            input,
            network,
            heads,
        })
    }
}

impl YuNetModel for IntegerNetwork {
    fn input_size(&self) -> InputSize {
        self.input
    }

    fn run(&mut self, size: (usize, usize), pixels: &[u32], found: &mut Vec<Anchor>) -> Result<()> {
        let network = &mut self.network;
        contained(|| {
            network.resize(size.1, size.0)?;
            Ok(network.run_on_display(pixels)?)
        })?;
        let heads = self.heads.iter();
        heads.for_each(|head| head.read(network, found));
        Ok(())
    }
}

/// The outputs of each stride, which have the same numbers whatever the size of the input.
fn heads(network: &int8::Network, size: (usize, usize)) -> Result<[HeadIndices; 3]> {
    let input = network.input();
    let whole = STRIDES[2];
    if input.channels != 3 || !size.0.is_multiple_of(whole) || !size.1.is_multiple_of(whole) {
        return Err(broken(format!(
            "the model is not YuNet: its input has {} channels and {}x{} pixels \
             instead of 3 channels and multiples of 32",
            input.channels, size.0, size.1
        )));
    }
    let outputs = network.outputs();
    let head = |stride| HeadIndices::find(outputs, stride, (size.0 / stride, size.1 / stride));
    let [a, b, c] = STRIDES.map(head);
    Ok([a?, b?, c?])
}

impl HeadIndices {
    /// The outputs of a stride, found by their sizes. Class and object score have the same, and which
    /// is which does not matter: only their product counts.
    fn find(
        outputs: &[TensorInfo],
        stride: usize,
        (columns, rows): (usize, usize),
    ) -> Result<HeadIndices> {
        let nth = |channels: usize, nth: usize| {
            let wanted = (columns, rows, channels);
            let same = |o: &TensorInfo| (o.columns, o.rows, o.channels) == wanted;
            let mut places = outputs.iter().enumerate().filter(|(_, o)| same(o));
            places.nth(nth).map(|(place, _)| place).ok_or_else(|| {
                broken(format!(
                    "the model is not YuNet: it lacks an output of {channels} channels at stride {stride}"
                ))
            })
        };
        let (class, object) = (nth(1, 0)?, nth(1, 1)?);
        Ok(HeadIndices {
            stride,
            least: least(&outputs[class], &outputs[object]),
            class,
            object,
            boxes: nth(4, 0)?,
            points: nth(10, 0)?,
        })
    }

    /// Adds the anchors that are sure enough.
    fn read(&self, network: &int8::Network, found: &mut Vec<Anchor>) {
        let numbers = [self.class, self.object, self.boxes, self.points];
        let [Some(class), Some(object), Some(boxes), Some(points)] =
            numbers.map(|number| network.output(number))
        else {
            return;
        };
        let info = &network.outputs()[self.class];
        for row in 0..info.rows {
            for column in 0..info.columns {
                let least = self.least[usize::from(class.pixel(row, column)[0])];
                if u16::from(object.pixel(row, column)[0]) < least {
                    continue;
                }
                let one =
                    |output: &QuantisedOutput| output.values(row, column).next().unwrap_or(0.0);
                let mut anchor = Anchor {
                    stride: self.stride,
                    column,
                    row,
                    confidence: confidence(one(&class), one(&object)),
                    size: [0.0; 4],
                    points: [0.0; 10],
                };
                let sizes = anchor.size.iter_mut().zip(boxes.values(row, column));
                sizes.for_each(|(to, value)| *to = value);
                let places = anchor.points.iter_mut().zip(points.values(row, column));
                places.for_each(|(to, value)| *to = value);
                found.push(anchor);
            }
        }
    }
}

/// How sure a face is, by its class and object score as the network gives them.
fn confidence(class: f32, object: f32) -> f32 {
    let sigmoid = |value: f32| 1.0 / (1.0 + (-value).exp());
    (sigmoid(class) * sigmoid(object)).sqrt()
}

/// What a byte of an output stands for.
fn value(info: &TensorInfo, byte: u8) -> f32 {
    match info.format {
        Format::Quantised {
            scale, zero_point, ..
        } => (f32::from(byte) - f32::from(zero_point)) * scale,
        _ => f32::NEG_INFINITY,
    }
}

/// See [`HeadIndices::least`]. The confidence grows with both scores, so that a comparison of bytes decides
/// the same as one of confidences.
fn least(class: &TensorInfo, object: &TensorInfo) -> Box<[u16; 256]> {
    let mut least = Box::new([256; 256]);
    for (byte, least) in (0..=255).zip(least.iter_mut()) {
        let class = value(class, byte);
        let sure = |object_byte: &u8| confidence(class, value(object, *object_byte)) >= CONFIDENCE;
        if let Some(first) = (0..=255).find(sure) {
            *least = first.into();
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::super::DETECTOR_MODEL;
    use super::*;

    #[test]
    fn bytes_decide_as_confidences_do() {
        let IntegerNetwork { network, heads, .. } = IntegerNetwork::load(DETECTOR_MODEL).unwrap();
        for head in heads {
            let [class, object] = [head.class, head.object].map(|k| &network.outputs()[k]);
            for (byte, least) in (0..=255).zip(head.least.iter()) {
                for object_byte in 0..=255 {
                    let sure = confidence(value(class, byte), value(object, object_byte));
                    let found = u16::from(object_byte) >= *least;
                    assert_eq!(found, sure >= CONFIDENCE, "{byte} {object_byte}");
                }
            }
            let some = |wanted: fn(&u16) -> bool| head.least.iter().any(wanted);
            assert!(some(|&least| least < 256) && some(|&least| least > 0));
        }
    }

    #[test]
    fn an_output_that_is_missing_is_named() {
        let loaded = IntegerNetwork::load(DETECTOR_MODEL).unwrap();
        assert_eq!(loaded.input_size(), InputSize::UpTo(704, 704));
        let (width, height) = TRIED;
        for (stride, channels) in [(8, 10), (16, 4), (32, 1)] {
            let size = (width / stride, height / stride);
            let lacks = |o: &&TensorInfo| (o.columns, o.channels) != (size.0, channels);
            let outputs = loaded.network.outputs().iter();
            let left: Vec<_> = outputs.filter(lacks).cloned().collect();
            let error = HeadIndices::find(&left, stride, size).err().unwrap();
            let what = format!("it lacks an output of {channels} channels at stride {stride}");
            assert!(error.to_string().ends_with(&what), "{error}");
        }
    }

    #[test]
    fn other_networks_are_refused() {
        for bytes in [crate::network::EMBEDDED_MODEL, b"no network"] {
            let error = IntegerNetwork::load(bytes).err().unwrap();
            assert!(error.remedy_text().is_some(), "{error}");
        }
    }
}
