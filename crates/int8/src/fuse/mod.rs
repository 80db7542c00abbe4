//! Finds in tract's graph what the engine computes.
//!
//! Everything is matched by what the node computes, not by its name. A node that does not fit
//! stays tract's own. Broken quantisation parameters are refused.
//!
//! The graph is the one that tract makes of the file, before it simplifies it: there a convolution
//! is a convolution, whatever its size.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tract_core::internal::{AxisOp, OutletId, Tensor, tvec};
use tract_core::ops::binary::TypedBinOp;
use tract_core::ops::cast::Cast;
use tract_core::ops::cnn::{Conv as TractConv, MaxPool as TractMaxPool};
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::math::{Add, Max};
use tract_core::ops::nn::NearestUpsample;
use tract_core::ops::quant::DequantizeLinearF32;
use tract_core::prelude::{Datum, DatumType, IntoTValue, IntoTensor, TypedModel, TypedNode};

use super::graph::{Graph, Scale, Shape, TensorId};
use super::parameters::{byte, positive, values};
use crate::{Error, Result};
pub(crate) use epilogue::Quantise;

mod conv;
mod epilogue;
mod shapes;

/// Most channels of a tensor that is looked at; the rest stays tract's.
const MAX_CHANNELS: usize = 4096;

/// A network, and where its tensors stand in tract's graph.
pub(crate) struct Fusable {
    pub graph: Graph,
    /// For each outlet that a fused step makes, or that goes into one: its tensor.
    pub tensors: HashMap<OutletId, TensorId>,
    /// The outlets of the network's inputs, in their order.
    pub inputs: Vec<OutletId>,
    /// Whether the one output is made of display pixels.
    pub display: bool,
}

/// Bytes of a tensor and what they stand for.
#[derive(Clone, Copy)]
struct Levels {
    tensor: TensorId,
    scale: Scale,
}

/// What is known of an outlet.
#[derive(Clone, Copy)]
enum Value {
    Bytes(TensorId),
    Levels(Levels),
    Sum {
        a: Levels,
        b: Levels,
        relu: bool,
    },
    /// DepthToSpace's four nodes: the tensor that is shuffled, and how many of them are done.
    Shuffling(TensorId, usize),
    /// The input, enlarged by the global skip.
    Base(TensorId),
    /// The global skip's sum.
    Display {
        residual: Levels,
        base: TensorId,
    },
}

struct Search<'m> {
    model: &'m TypedModel,
    uses: HashMap<OutletId, usize>,
    values: HashMap<OutletId, Value>,
    found: Fusable,
    /// Nodes that stay tract's and depend on what is fused: nothing of them may go back in.
    after: HashSet<usize>,
    /// Whether a global skip may end in display pixels.
    display: bool,
}

/// Looks through a graph. Where `display`, a global skip at the end gives display pixels; else it
/// stays tract's.
///
/// # Errors
/// Broken quantisation parameters; the message names the node.
pub(crate) fn find(model: &TypedModel, display: bool) -> Result<Fusable> {
    let order = model.eval_order().map_err(Error::Tract)?;
    let mut uses = HashMap::new();
    let read = order.iter().flat_map(|&id| &model.node(id).inputs);
    for outlet in read.chain(&model.outputs) {
        *uses.entry(*outlet).or_insert(0) += 1;
    }
    let found = Fusable {
        graph: Graph::default(),
        tensors: HashMap::new(),
        inputs: Vec::new(),
        display: false,
    };
    let mut search = Search {
        model,
        uses,
        values: HashMap::new(),
        found,
        after: HashSet::new(),
        display,
    };
    for id in order {
        let node = model.node(id);
        match search.visit(node)? {
            Some(value) => search.keep(id.into(), value),
            None => search.leave(node),
        }
    }
    Ok(search.found)
}

/// The value of an outlet that is a constant, or a constant after a change of type or shape.
pub(crate) fn constant(model: &TypedModel, outlet: OutletId) -> Option<Arc<Tensor>> {
    if let Some(konst) = &model.outlet_fact(outlet).ok()?.konst {
        return Some(Arc::clone(konst));
    }
    let node = model.node(outlet.node);
    let [input] = node.inputs[..] else {
        return None;
    };
    if !node.op_is::<Cast>() && !node.op_is::<AxisOp>() {
        return None;
    }
    let input = constant(model, input)?;
    let made = node
        .op
        .eval_out_of_plan(tvec!(input.into_tvalue()))
        .ok()??;
    Some(Arc::new(made.into_iter().next()?.into_tensor()))
}

impl Search<'_> {
    fn keep(&mut self, outlet: OutletId, value: Value) {
        if let Value::Bytes(tensor) = value {
            self.found.tensors.insert(outlet, tensor);
        }
        self.values.insert(outlet, value);
    }

    fn leave(&mut self, node: &TypedNode) {
        let fused = |outlet: &OutletId| {
            self.after.contains(&outlet.node)
                || self.values.contains_key(outlet) && !self.found.inputs.contains(outlet)
        };
        if node.inputs.iter().any(fused) {
            self.after.insert(node.id);
        }
    }

    /// What `node` makes, where the engine can make it.
    fn visit(&mut self, node: &TypedNode) -> Result<Option<Value>> {
        if node.outputs.len() != 1 {
            return Ok(None);
        }
        if let Some(op) = node.op_as::<TractConv>() {
            return self.conv(node, op);
        }
        if let Some(op) = node.op_as::<DequantizeLinearF32>() {
            return self.dequantise(node, op);
        }
        if let Some(op) = node.op_as::<ElementWiseOp>() {
            return match Quantise::of(op) {
                Some(op) => self.quantise(node, op),
                None => Ok(None),
            };
        }
        Ok(if let Some(op) = node.op_as::<TypedBinOp>() {
            self.binary(node, op)
        } else if let Some(op) = node.op_as::<AxisOp>() {
            self.depth_to_space(node, op)
        } else if let Some(op) = node.op_as::<TractMaxPool>() {
            self.max_pool(node, op)
        } else if node.op_is::<NearestUpsample>() || node.op.name() == "Resize" {
            self.resize(node)
        } else {
            None
        })
    }

    /// The tensor of an outlet of bytes; one that tract makes becomes an input.
    fn bytes(&mut self, outlet: OutletId) -> Option<TensorId> {
        if let Some(Value::Bytes(tensor)) = self.values.get(&outlet) {
            return Some(*tensor);
        }
        let shape = self.shape_of(outlet)?;
        let tensor = self.found.graph.tensor(shape);
        self.found.graph.inputs.push(tensor);
        self.found.inputs.push(outlet);
        self.keep(outlet, Value::Bytes(tensor));
        Some(tensor)
    }

    /// The shape of an outlet that [`Search::bytes`] would take.
    fn shape_of(&self, outlet: OutletId) -> Option<Shape> {
        match self.values.get(&outlet) {
            Some(Value::Bytes(tensor)) => return Some(self.found.graph.tensors[*tensor]),
            Some(_) => return None,
            None if self.after.contains(&outlet.node) => return None,
            None => {}
        }
        let fact = self.model.outlet_fact(outlet).ok()?;
        let [1, channels, rows, columns] = *fact.shape.as_concrete()? else {
            return None;
        };
        let signed = fact.datum_type == DatumType::I8;
        let fits = (signed || fact.datum_type == DatumType::U8)
            && fact.konst.is_none()
            && (1..=MAX_CHANNELS).contains(&channels)
            && rows.checked_mul(columns)? > 0;
        fits.then_some(Shape {
            channels,
            rows,
            columns,
            signed,
        })
    }

    fn constant(&self, outlet: OutletId) -> Option<Arc<Tensor>> {
        constant(self.model, outlet)
    }

    fn once(&self, outlet: OutletId) -> bool {
        self.uses.get(&outlet) == Some(&1)
    }

    fn dequantise(&mut self, node: &TypedNode, op: &DequantizeLinearF32) -> Result<Option<Value>> {
        let Some(tensor) = self.bytes(node.inputs[0]) else {
            return Ok(None);
        };
        let signed = self.found.graph.tensors[tensor].signed;
        let scale = Scale {
            scale: positive(op.scale, &node.name)?,
            zero: byte(op.zero_point, signed, &node.name)?,
        };
        self.found.graph.scales[tensor] = Some(scale);
        Ok(Some(Value::Levels(Levels { tensor, scale })))
    }

    fn binary(&self, node: &TypedNode, op: &TypedBinOp) -> Option<Value> {
        let [a, b] = node.inputs[..] else { return None };
        if op.0.is::<Max>() {
            let Some(Value::Sum {
                a: left,
                b: right,
                relu: false,
            }) = self.values.get(&a)
            else {
                return None;
            };
            let low: Vec<f32> = values(self.constant(b)?.as_ref())?;
            let cut = low.iter().all(|&v| v == 0.0) && self.once(a);
            return cut.then_some(Value::Sum {
                a: *left,
                b: *right,
                relu: true,
            });
        }
        if !op.0.is::<Add>() {
            return None;
        }
        match (self.values.get(&a)?, self.values.get(&b)?) {
            (Value::Levels(a), Value::Levels(b)) => {
                let shapes = [a, b].map(|side| self.found.graph.tensors[side.tensor]);
                shapes[0].same_size(&shapes[1]).then_some(Value::Sum {
                    a: *a,
                    b: *b,
                    relu: false,
                })
            }
            (Value::Levels(residual), Value::Base(base))
            | (Value::Base(base), Value::Levels(residual)) => Some(Value::Display {
                residual: *residual,
                base: *base,
            }),
            _ => None,
        }
    }

    /// What a resize gives for a picture without regularity, and the picture: what it computes is
    /// asked of the node itself.
    fn ask<T: Datum + Copy>(
        &self,
        node: &TypedNode,
        shape: Shape,
        picture: &[T],
    ) -> Option<Vec<T>> {
        let shape = [1, shape.channels, shape.rows, shape.columns];
        let input = Tensor::from_shape(&shape, picture).ok()?;
        let mut inputs = tvec!(input.into_tvalue());
        for outlet in node.inputs.get(1..)? {
            inputs.push(self.constant(*outlet)?.into_tvalue());
        }
        let asked = node.op.eval_out_of_plan(inputs).ok()??;
        values(asked.first()?)
    }
}

/// Bytes without regularity.
fn noise(count: usize) -> Vec<u8> {
    let next = |state: &mut u32, _| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some((*state >> 24) as u8)
    };
    (0..count).scan(1u32, next).collect()
}
