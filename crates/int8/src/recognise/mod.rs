//! Finds in tract's decluttered graph what the fused operators compute.
//!
//! Everything is matched by what the node computes, not by its name. A node that does not fit
//! stays tract's own. Broken quantisation parameters are refused.

use std::collections::{HashMap, HashSet};

use tract_core::internal::{AxisOp, OutletId, Tensor, tvec};
use tract_core::ops::Downsample;
use tract_core::ops::array::TypedConcat;
use tract_core::ops::binary::TypedBinOp;
use tract_core::ops::cnn::{Conv as TractConv, MaxPool};
use tract_core::ops::einsum::EinSum;
use tract_core::ops::element_wise::ElementWiseOp;
use tract_core::ops::math::{Add, Max};
use tract_core::ops::nn::NearestUpsample;
use tract_core::ops::quant::DequantizeLinearF32;
use tract_core::prelude::{DatumType, IntoTValue, TypedModel, TypedNode};

use super::graph::{Network, Scale, Shape, TensorId};
use super::parameters::{byte, positive, values};
use super::skip;
use crate::{Error, Result};
use follow::Quantise;

mod conv;
mod follow;
mod shapes;

/// Most channels of a tensor that is looked at; the rest stays tract's.
const MAX_CHANNELS: usize = 4096;

/// A network, and where its tensors stand in tract's graph.
pub struct Recognised {
    pub network: Network,
    /// For each outlet that a fused step makes, or that goes into one: its tensor.
    pub tensors: HashMap<OutletId, TensorId>,
    /// The outlets of the network's entries, in their order.
    pub entries: Vec<OutletId>,
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
    /// DepthToSpace's four nodes: the tensor that is folded, and how many of them are done.
    Folding(TensorId, usize),
    /// Every second row, column, or both of a tensor of bytes.
    Thinned(TensorId, [usize; 2]),
    /// The input, enlarged.
    Base(TensorId),
    Picture {
        residual: Levels,
        base: TensorId,
    },
}

struct Search<'m> {
    model: &'m TypedModel,
    uses: HashMap<OutletId, usize>,
    values: HashMap<OutletId, Value>,
    found: Recognised,
    /// Nodes that stay tract's and depend on what is fused: nothing of them may go back in.
    after: HashSet<usize>,
}

/// Looks through a decluttered graph.
///
/// # Errors
/// Broken quantisation parameters; the message names the node.
pub fn recognise(model: &TypedModel) -> Result<Recognised> {
    let order = model.eval_order().map_err(Error::Graph)?;
    let mut uses = HashMap::new();
    let read = order.iter().flat_map(|&id| &model.node(id).inputs);
    for outlet in read.chain(&model.outputs) {
        *uses.entry(*outlet).or_insert(0) += 1;
    }
    let found = Recognised {
        network: Network::default(),
        tensors: HashMap::new(),
        entries: Vec::new(),
    };
    let mut search = Search {
        model,
        uses,
        values: HashMap::new(),
        found,
        after: HashSet::new(),
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

impl<'m> Search<'m> {
    fn keep(&mut self, outlet: OutletId, value: Value) {
        if let Value::Bytes(tensor) = value {
            self.found.tensors.insert(outlet, tensor);
        }
        self.values.insert(outlet, value);
    }

    fn leave(&mut self, node: &TypedNode) {
        let fused = |outlet: &OutletId| {
            self.after.contains(&outlet.node)
                || self.values.contains_key(outlet) && !self.found.entries.contains(outlet)
        };
        if node.inputs.iter().any(fused) {
            self.after.insert(node.id);
        }
    }

    /// What `node` makes, where it is recognised.
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
        if let Some(op) = node.op_as::<TypedBinOp>() {
            return Ok(self.binary(node, op));
        }
        if let Some(op) = node.op_as::<EinSum>() {
            return self.product(node, op);
        }
        if let Some(op) = node.op_as::<ElementWiseOp>() {
            return match Quantise::of(op) {
                Some(op) => self.quantise(node, op),
                None => Ok(None),
            };
        }
        Ok(self.move_pixels(node))
    }

    fn move_pixels(&mut self, node: &TypedNode) -> Option<Value> {
        if let Some(op) = node.op_as::<AxisOp>() {
            return self.fold(node, op);
        }
        if let Some(op) = node.op_as::<TypedConcat>() {
            return self.concat(node, op);
        }
        if let Some(op) = node.op_as::<MaxPool>() {
            return self.pool(node, op);
        }
        if let Some(op) = node.op_as::<NearestUpsample>() {
            return self.nearest(node, op);
        }
        if let Some(op) = node.op_as::<Downsample>() {
            return self.thin(node, op);
        }
        self.enlarge(node)
    }

    /// The tensor of an outlet of bytes; one that tract makes becomes an entry.
    fn bytes(&mut self, outlet: OutletId) -> Option<TensorId> {
        if let Some(Value::Bytes(tensor)) = self.values.get(&outlet) {
            return Some(*tensor);
        }
        let tensor = self.shape_of(outlet)?;
        let tensor = self.found.network.tensor(tensor);
        self.found.network.entries.push(tensor);
        self.found.entries.push(outlet);
        self.keep(outlet, Value::Bytes(tensor));
        Some(tensor)
    }

    /// The shape of an outlet that [`Search::bytes`] would take.
    fn shape_of(&self, outlet: OutletId) -> Option<Shape> {
        match self.values.get(&outlet) {
            Some(Value::Bytes(tensor)) => return Some(self.found.network.tensors[*tensor]),
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
            && rows * columns > 0;
        fits.then_some(Shape {
            channels,
            rows,
            columns,
            signed,
        })
    }

    fn constant(&self, outlet: OutletId) -> Option<&'m Tensor> {
        self.model.outlet_fact(outlet).ok()?.konst.as_deref()
    }

    fn once(&self, outlet: OutletId) -> bool {
        self.uses.get(&outlet) == Some(&1)
    }

    fn dequantise(&mut self, node: &TypedNode, op: &DequantizeLinearF32) -> Result<Option<Value>> {
        let Some(tensor) = self.bytes(node.inputs[0]) else {
            return Ok(None);
        };
        let signed = self.found.network.tensors[tensor].signed;
        let scale = Scale {
            scale: positive(op.scale, &node.name)?,
            zero: byte(op.zero_point, signed, &node.name)?,
        };
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
            let low = values::<f32>(self.constant(b)?)?;
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
                let shapes = [a, b].map(|side| self.found.network.tensors[side.tensor]);
                shapes[0].same_size(&shapes[1]).then_some(Value::Sum {
                    a: *a,
                    b: *b,
                    relu: false,
                })
            }
            (Value::Levels(residual), Value::Base(base))
            | (Value::Base(base), Value::Levels(residual)) => Some(Value::Picture {
                residual: *residual,
                base: *base,
            }),
            _ => None,
        }
    }

    /// Whether the node is the bilinear enlargement by 8. The node itself is asked: its result on
    /// a picture without regularity must be that of [`skip`] to the bit.
    fn enlarge(&self, node: &TypedNode) -> Option<Value> {
        let (first, rest) = node.inputs.split_first()?;
        let Some(Value::Levels(levels)) = self.values.get(first) else {
            return None;
        };
        let shape = self.found.network.tensors[levels.tensor];
        if levels.scale
            != (Scale {
                scale: 1.0,
                zero: 0,
            })
            || shape.channels != 3
            || rest.is_empty()
        {
            return None;
        }
        let (rows, columns) = (shape.rows * skip::FACTOR, shape.columns * skip::FACTOR);
        let fact = &node.outputs[0].fact;
        if fact.shape.as_concrete() != Some(&[1, 3, rows, columns])
            || fact.datum_type != DatumType::F32
        {
            return None;
        }
        let picture: Vec<u8> = (0..3 * shape.rows * shape.columns)
            .scan(1u32, |state, _| {
                *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                Some((*state >> 24) as u8)
            })
            .collect();
        let levels_of: Vec<f32> = picture.iter().map(|&v| f32::from(v)).collect();
        let input = Tensor::from_shape(&[1, 3, shape.rows, shape.columns], &levels_of).ok()?;
        let mut inputs = tvec!(input.into_tvalue());
        for outlet in rest {
            inputs.push(self.constant(*outlet)?.clone().into_tvalue());
        }
        let asked = node.op.eval_out_of_plan(inputs).ok()??;
        let answer = values::<f32>(asked.first()?)?;
        let expected = skip::enlarge_planes(&picture, shape.rows, shape.columns);
        let same = answer.len() == expected.len()
            && answer
                .iter()
                .zip(expected)
                .all(|(&a, b)| a * 256.0 == f32::from(b));
        same.then_some(Value::Base(levels.tensor))
    }
}
