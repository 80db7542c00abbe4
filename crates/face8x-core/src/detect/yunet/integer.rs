//! YuNet in 8-bit integers, by the engine: the form of `models/detector.onnx`.

use int8::{Format, QuantisedOutput, TensorInfo};

use super::anchor::Anchor;
use super::{CONFIDENCE, STRIDES, YuNetModel};
use crate::Result;
use crate::detect::plan::InputSize;
use crate::network::{broken, contained, engine_options};

/// Networks of so many sizes of input are kept: those of a live picture, and one more.
const KEPT: usize = 4;
/// Width and height of the largest input. Its largest tensor then has 2 MB, and stays in the cache of
/// most processors.
const LARGEST: usize = 704;
/// An input that a file of open size is tried with.
const TRIED: (usize, usize) = (64, 96);

/// The network, made for each size of input that is wanted.
pub(super) struct IntegerNetwork {
    input: InputSize,
    /// The last used first.
    loaded: Vec<Loaded>,
}

/// The network for one size of input.
struct Loaded {
    size: (usize, usize),
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
        let fixed = contained(|| Ok(int8::Network::load(onnx, &engine_options(None, 1)?)?));
        let (input, loaded) = match fixed {
            Ok(network) => {
                let size = (network.input().columns, network.input().rows);
                let loaded = Loaded::of(network, size)?;
                (InputSize::Only(size.0, size.1), loaded)
            }
            Err(_) => {
                let loaded = Loaded::load(onnx, TRIED)?;
                (InputSize::UpTo(LARGEST, LARGEST), loaded)
            }
        };
        Ok(IntegerNetwork {
            input,
            loaded: vec![loaded],
        })
    }

    /// Brings the network of this size to the front.
    fn of_size(&mut self, size: (usize, usize)) -> Result<&mut Loaded> {
        match self.loaded.iter().position(|loaded| loaded.size == size) {
            Some(place) => self.loaded[..=place].rotate_right(1),
            None => {
                let network = &self.loaded[0].network;
                let network = contained(|| Ok(network.resized(size.1, size.0)?))?;
                self.loaded.truncate(KEPT - 1);
                self.loaded.insert(0, Loaded::of(network, size)?);
            }
        }
        Ok(&mut self.loaded[0])
    }
}

impl YuNetModel for IntegerNetwork {
    fn input_size(&self) -> InputSize {
        self.input
    }

    fn run(&mut self, size: (usize, usize), pixels: &[u32], found: &mut Vec<Anchor>) -> Result<()> {
        let Loaded { network, heads, .. } = self.of_size(size)?;
        contained(|| Ok(network.run_on_display(pixels)?))?;
        heads.iter().for_each(|head| head.read(network, found));
        Ok(())
    }
}

impl Loaded {
    fn load(onnx: &[u8], size: (usize, usize)) -> Result<Loaded> {
        let options = int8::Options {
            input_size: Some([size.1, size.0]),
            ..engine_options(None, 1)?
        };
        let network = contained(|| Ok(int8::Network::load(onnx, &options)?))?;
        Loaded::of(network, size)
    }

    fn of(network: int8::Network, size: (usize, usize)) -> Result<Loaded> {
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
        Ok(Loaded {
            size,
            heads: [a?, b?, c?],
            network,
        })
    }
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
        let mut network = IntegerNetwork::load(DETECTOR_MODEL).unwrap();
        let Loaded { network, heads, .. } = network.of_size((32, 32)).unwrap();
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
    fn networks_of_some_sizes_are_kept() {
        let mut network = IntegerNetwork::load(DETECTOR_MODEL).unwrap();
        assert_eq!(network.input_size(), InputSize::UpTo(704, 704));
        let sizes = |network: &IntegerNetwork| {
            let sizes = network.loaded.iter().map(|loaded| loaded.size.0);
            sizes.collect::<Vec<_>>()
        };
        for width in [32, 64, 96, 128, 64, 160] {
            network.of_size((width, 32)).unwrap();
        }
        assert_eq!(sizes(&network), [160, 64, 128, 96]);
    }

    #[test]
    fn an_output_that_is_missing_is_named() {
        let mut network = IntegerNetwork::load(DETECTOR_MODEL).unwrap();
        let outputs = network.of_size((32, 32)).unwrap().network.outputs();
        for (stride, channels) in [(8, 10), (16, 4), (32, 1)] {
            let side = 32 / stride;
            let lacks = |o: &&TensorInfo| (o.columns, o.channels) != (side, channels);
            let left: Vec<_> = outputs.iter().filter(lacks).cloned().collect();
            let error = HeadIndices::find(&left, stride, (side, side))
                .err()
                .unwrap();
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
