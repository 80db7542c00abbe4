//! A quantised network that the engine runs whole.

use std::sync::Arc;

use tract_core::prelude::TypedModel;

use crate::engine::Engine;
use crate::fuse::find;
use crate::graph::{Graph, Scale, TensorId};
use crate::kernel::Kernel;
use crate::plan::{Place, Plan};
use crate::{Error, Options, Result, load, op};
use ends::{describe, ends};

mod ends;

/// Sizes of the input for which a network is kept planned, the one that is set among them.
const KEPT_SIZES: usize = 4;

/// An input or an output: rows x columns pixels of so many channels, interleaved.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorInfo {
    /// Its name in the file.
    pub name: String,
    /// Its height.
    pub rows: usize,
    /// Its width.
    pub columns: usize,
    /// Bytes of a pixel.
    pub channels: usize,
    /// What its elements are.
    pub format: Format,
}

/// What the elements of a tensor are.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Format {
    /// Bytes, 0 to 255. A byte q stands for `scale` * (q - `zero_point`).
    Quantised {
        /// Bytes of -128 to 127 in the file: here 128 is added to them and to their zero point.
        signed: bool,
        /// 1 where the file says nothing about it.
        scale: f32,
        /// The byte that stands for 0.
        zero_point: u8,
    },
    /// Display pixels, `0x00RRGGBB`: see [`Network::run_to_display`].
    Display,
}

/// A quantised network, its memory and its threads.
///
/// All of it is run by the engine, on bytes: a QuantizeLinear right behind the input and
/// DequantizeLinear right before an output are left to the caller, who finds their scale and zero
/// point in [`input`](Network::input) and [`outputs`](Network::outputs). After loading nothing is
/// allocated, except when the input gets [another size](Network::resize).
#[derive(Debug)]
pub struct Network {
    engine: Engine,
    planned: PlannedSize,
    /// Sizes of before, the last first.
    others: Vec<PlannedSize>,
    /// What [`Network::resize`] goes by, and the outputs' numbers in it; `None` where the network has
    /// one size only.
    steps: Option<(Graph, Vec<TensorId>)>,
}

/// What depends on the size of the input.
#[derive(Debug)]
struct PlannedSize {
    plan: Arc<Plan>,
    input: TensorInfo,
    outputs: Vec<TensorInfo>,
    multiplications: usize,
}

impl PlannedSize {
    fn has(&self, rows: usize, columns: usize) -> bool {
        (self.input.rows, self.input.columns) == (rows, columns)
    }
}

impl Network {
    /// Loads the ONNX file whose content is `onnx`.
    ///
    /// # Errors
    /// tract cannot read it, its input is not one picture of a known size, it has broken
    /// quantisation parameters, nodes that the engine does not know ([`Error::NotFused`]), or too
    /// large tensors; or the kernel's name is unknown.
    pub fn load(onnx: &[u8], options: &Options) -> Result<Network> {
        Network::from_model(&load::load(onnx, options.input_size)?, options)
    }

    /// Loads a tract graph that tract has not simplified. `input_size` is ignored: the graph's facts
    /// are concrete.
    ///
    /// # Errors
    /// As [`Network::load`].
    pub fn from_model(model: &TypedModel, options: &Options) -> Result<Network> {
        Network::build(model, options.kernel()?, options.threads)
    }

    pub(crate) fn build(
        model: &TypedModel,
        kernel: Arc<dyn Kernel>,
        threads: usize,
    ) -> Result<Network> {
        let mut found = find(model, true)?;
        let Some((input, outputs)) = ends(model, &found) else {
            let nodes = op::left_nodes(model, &found)?;
            return Err(Error::NotFused { nodes });
        };
        let tensors: Vec<TensorId> = outputs.iter().map(|(tensor, _)| *tensor).collect();
        found.graph.fold_resizes(&tensors);
        let plan = Arc::new(Plan::new(&found.graph, &tensors, kernel.as_ref())?);
        let info = |tensor, scale, outlet| describe(model, &found, tensor, scale, outlet);
        let input = info(found.graph.inputs[0], input, model.inputs[0]);
        let outputs = outputs
            .into_iter()
            .zip(&model.outputs)
            .map(|((tensor, scale), &outlet)| info(tensor, scale, outlet))
            .collect();
        Ok(Network {
            engine: Engine::new(Arc::clone(&plan), kernel, threads),
            planned: PlannedSize {
                plan,
                input,
                outputs,
                multiplications: found.graph.multiplications(),
            },
            others: Vec::with_capacity(KEPT_SIZES),
            steps: found.graph.has_any_size().then_some((found.graph, tensors)),
        })
    }

    /// Takes an input of other rows and columns from now on, and computes what the file does, loaded
    /// with that [`Options::input_size`]. The last sizes are kept, so that changing between four of
    /// them is quick and allocates nothing; all of them share the memory of the largest. The outputs
    /// of the last run are lost.
    ///
    /// # Errors
    /// [`Error::FixedSize`] where the network's tensors would not keep their shares of the input, as
    /// with rows or columns that its strides do not divide; too large tensors. The network then keeps
    /// its size.
    pub fn resize(&mut self, rows: usize, columns: usize) -> Result<()> {
        if self.planned.has(rows, columns) {
            return Ok(());
        }
        let next = match self.others.iter().position(|size| size.has(rows, columns)) {
            Some(at) => self.others.remove(at),
            None => self.plan_size(rows, columns)?,
        };
        self.engine.set_plan(Arc::clone(&next.plan));
        let last = std::mem::replace(&mut self.planned, next);
        self.others.truncate(KEPT_SIZES - 2);
        self.others.insert(0, last);
        Ok(())
    }

    fn plan_size(&self, rows: usize, columns: usize) -> Result<PlannedSize> {
        let resized = self.steps.as_ref().and_then(|(graph, outputs)| {
            let graph = graph.resized([rows, columns])?;
            Some((graph, outputs))
        });
        let (graph, tensors) = resized.ok_or(Error::FixedSize { rows, columns })?;
        let info = |info: &TensorInfo, tensor: TensorId| TensorInfo {
            rows: graph.tensors[tensor].rows,
            columns: graph.tensors[tensor].columns,
            ..info.clone()
        };
        let outputs = self.planned.outputs.iter().zip(tensors);
        Ok(PlannedSize {
            plan: Arc::new(Plan::new(&graph, tensors, self.engine.kernel().as_ref())?),
            input: info(&self.planned.input, graph.inputs[0]),
            outputs: outputs.map(|(known, &id)| info(known, id)).collect(),
            multiplications: graph.multiplications(),
        })
    }

    /// What the input is.
    pub fn input(&self) -> &TensorInfo {
        &self.planned.input
    }

    /// What the outputs are, in the file's order.
    pub fn outputs(&self) -> &[TensorInfo] {
        &self.planned.outputs
    }

    /// The name of the kernel that computes it, such as "AVX2".
    pub fn kernel(&self) -> &'static str {
        self.engine.kernel().name()
    }

    /// The threads that share the work.
    pub fn threads(&self) -> usize {
        self.engine.threads()
    }

    /// Multiplications of a run; those with weights that are zero for all input channels of a tap
    /// are left out.
    pub fn multiplications(&self) -> usize {
        self.planned.multiplications
    }

    /// Runs the network on interleaved bytes: rows x columns x channels of the
    /// [`input`](Network::input).
    ///
    /// # Errors
    /// `pixels` has another length, or the output is display pixels.
    pub fn run(&mut self, pixels: &[u8]) -> Result<()> {
        self.run_to_display(pixels, &mut [])
    }

    /// Runs a network of three input channels, blue, green and red, on display pixels (`0x00RRGGBB`),
    /// rows x columns.
    ///
    /// # Errors
    /// `pixels` has another length, the input other channels, or the output is display pixels.
    pub fn run_on_display(&mut self, pixels: &[u32]) -> Result<()> {
        let input = &self.planned.input;
        check_length(
            "the input",
            3 * pixels.len(),
            input.rows * input.columns * input.channels,
        )?;
        check_length("the input", 3, input.channels)?;
        let displays = self
            .planned
            .outputs
            .iter()
            .filter(|o| o.format == Format::Display);
        check_length("the display", 0, displays.map(|o| o.rows * o.columns).sum())?;
        self.engine.load_display(0, pixels);
        self.engine.run(&mut []);
        Ok(())
    }

    /// Runs a network that ends in the global skip, whose output is rows x columns display pixels.
    ///
    /// # Errors
    /// `pixels` or `display` has another length than input or output; that of other networks is
    /// 0.
    pub fn run_to_display(&mut self, pixels: &[u8], display: &mut [u32]) -> Result<()> {
        let input = &self.planned.input;
        check_length(
            "the input",
            pixels.len(),
            input.rows * input.columns * input.channels,
        )?;
        let displayed = self
            .planned
            .outputs
            .iter()
            .find(|o| o.format == Format::Display);
        let pixels_out = displayed.map_or(0, |output| output.rows * output.columns);
        check_length("the display", display.len(), pixels_out)?;
        self.engine.load_input(0, pixels);
        self.engine.run(display);
        Ok(())
    }

    /// The output of this number after a run, where it lies; `None` where there is none, or it is
    /// display pixels.
    pub fn output(&self, number: usize) -> Option<QuantisedOutput<'_>> {
        let info = self.planned.outputs.get(number)?;
        if info.format == Format::Display {
            return None;
        }
        let (_, place, bytes) = self.engine.output(number);
        Some(QuantisedOutput { info, place, bytes })
    }

    /// Copies the output of this number to `to`, interleaved.
    ///
    /// # Errors
    /// `to` does not have rows x columns x channels elements, which are 0 where there is no such
    /// output or it is display pixels.
    pub fn store_output(&self, number: usize, to: &mut [u8]) -> Result<()> {
        let output = self.output(number);
        let expected = output.map_or(0, |o| o.info.rows * o.info.columns * o.info.channels);
        check_length("the output", to.len(), expected)?;
        let Some(output) = output else { return Ok(()) };
        let (columns, channels) = (output.info.columns, output.info.channels);
        for (y, row) in to.chunks_exact_mut(columns * channels).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(channels).enumerate() {
                pixel.copy_from_slice(output.pixel(y, x));
            }
        }
        Ok(())
    }
}

/// A quantised output where it lies.
#[derive(Debug, Clone, Copy)]
pub struct QuantisedOutput<'n> {
    info: &'n TensorInfo,
    place: &'n Place,
    bytes: &'n [u8],
}

impl<'n> QuantisedOutput<'n> {
    /// The channels of a pixel, a byte each.
    ///
    /// # Panics
    /// The tensor has no such row or column.
    pub fn pixel(&self, row: usize, column: usize) -> &'n [u8] {
        assert!(row < self.info.rows && column < self.info.columns);
        let at = self.place.start(row) + column * self.place.pixel;
        &self.bytes[at..][..self.info.channels]
    }

    /// The numbers that the bytes of a pixel stand for.
    ///
    /// # Panics
    /// The tensor has no such row or column.
    pub fn values(&self, row: usize, column: usize) -> impl Iterator<Item = f32> + 'n {
        let scale = match self.info.format {
            Format::Quantised {
                scale, zero_point, ..
            } => Scale {
                scale,
                zero: zero_point,
            },
            Format::Display => Scale {
                scale: 1.0,
                zero: 0,
            },
        };
        let pixel = self.pixel(row, column).iter();
        pixel.map(move |&byte| scale.value(byte))
    }
}

fn check_length(what: &'static str, found: usize, expected: usize) -> Result<()> {
    match found == expected {
        true => Ok(()),
        false => Err(Error::WrongLength {
            what,
            found,
            expected,
        }),
    }
}
