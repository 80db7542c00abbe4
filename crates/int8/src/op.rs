//! For a network that the engine does not run whole: what it does run, as one operator of tract's
//! graph.

use std::sync::Arc;

use tract_core::internal::{
    EvalContext, EvalOp, LaneId, Op, OpState, OutletId, SpecialOps, StaticName, TValue, TVec,
    Tensor, TractResult, TypedFact, TypedOp, as_op, not_out_of_plan, op_as_typed_op, tvec,
};
use tract_core::prelude::{DatumExt, IntoTValue, TypedModel};

use super::engine::Engine;
use super::fuse::{Fusable, constant, find};
use super::graph::{Shape, TensorId};
use super::kernel::Kernel;
use super::plan::{Place, Plan};
use crate::{Error, Options, Result};

/// What is added to signed bytes, as a change of bits.
const SIGN: u8 = 0x80;

/// The engine as an operator: planes of bytes in and out (1 x channels x rows x columns).
#[derive(Debug, Clone)]
struct Int8Subgraph {
    plan: Arc<Plan>,
    inputs: Vec<Shape>,
    outputs: Vec<Shape>,
    kernel: Arc<dyn Kernel>,
    threads: usize,
}

impl PartialEq for Int8Subgraph {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.plan, &other.plan) && self.threads == other.threads
    }
}

impl Eq for Int8Subgraph {}

impl Op for Int8Subgraph {
    fn name(&self) -> StaticName {
        "Int8Subgraph".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        let (steps, kernel) = (self.plan.steps.len(), self.kernel.name());
        Ok(vec![format!("{steps} steps, kernel {kernel}")])
    }

    op_as_typed_op!();
}

impl EvalOp for Int8Subgraph {
    not_out_of_plan!();

    fn state(&self, _context: &EvalContext) -> TractResult<Option<Box<dyn OpState>>> {
        Ok(Some(Box::new(SubgraphState::new(self.clone()))))
    }
}

fn fact(shape: &Shape) -> TypedFact {
    let planes = [1, shape.channels, shape.rows, shape.columns];
    match shape.signed {
        true => i8::fact(planes),
        false => u8::fact(planes),
    }
}

impl TypedOp for Int8Subgraph {
    fn output_facts(&self, _inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(self.outputs.iter().map(fact).collect())
    }

    as_op!();
}

/// An operator's engine.
#[derive(Debug)]
struct SubgraphState {
    op: Int8Subgraph,
    engine: Engine,
}

impl SubgraphState {
    fn new(op: Int8Subgraph) -> SubgraphState {
        SubgraphState {
            engine: Engine::new(Arc::clone(&op.plan), Arc::clone(&op.kernel), op.threads),
            op,
        }
    }
}

impl Clone for SubgraphState {
    fn clone(&self) -> Self {
        SubgraphState::new(self.op.clone())
    }
}

impl OpState for SubgraphState {
    fn eval(
        &mut self,
        _: &EvalContext,
        _: &dyn Op,
        inputs: TVec<TValue>,
    ) -> TractResult<TVec<TValue>> {
        for (k, (input, shape)) in inputs.iter().zip(&self.op.inputs).enumerate() {
            let (channels, place, buffer) = self.engine.input_mut(k);
            let planes = input.try_as_plain_ram()?.as_bytes();
            for_each_byte(channels, &place, |plane, lane| {
                buffer[lane] = planes[plane] ^ sign(shape);
            });
        }
        self.engine.run(&mut []);
        let output = |(k, shape): (usize, &Shape)| {
            let fact = fact(shape);
            let sizes: TVec<usize> = fact.shape.as_concrete().unwrap_or_default().into();
            let mut tensor = Tensor::zero_dt(fact.datum_type, &sizes)?;
            let (channels, place, buffer) = self.engine.output(k);
            let mut planes = tensor.try_as_plain_ram_mut()?;
            let planes = planes.as_bytes_mut();
            for_each_byte(channels, place, |plane, lane| {
                planes[plane] = buffer[lane] ^ sign(shape);
            });
            Ok(tensor.into_tvalue())
        };
        self.op.outputs.iter().enumerate().map(output).collect()
    }

    fn reset_lanes(&mut self, _lanes: &[LaneId]) -> TractResult<()> {
        Ok(())
    }
}

fn sign(shape: &Shape) -> u8 {
    if shape.signed { SIGN } else { 0 }
}

/// Calls `copy` with where each byte of a tensor lies in planes, and in its buffer.
fn for_each_byte(channels: usize, place: &Place, mut copy: impl FnMut(usize, usize)) {
    let mut plane = 0;
    for channel in 0..channels {
        for y in 0..place.rows {
            let row = place.start(y) + channel;
            for x in 0..place.columns {
                copy(plane, row + x * place.pixel);
                plane += 1;
            }
        }
    }
}

/// A tract graph in which all that the engine runs is one operator.
#[derive(Debug)]
pub struct Fused {
    /// The graph, for tract to simplify and run.
    pub model: TypedModel,
    /// Multiplications of the fused convolutions a run, zero taps left out.
    pub multiplications: usize,
    /// Names of the nodes that stay with tract.
    pub left: Vec<String>,
    /// The name of the kernel, such as "AVX2".
    pub kernel: &'static str,
}

/// Replaces all nodes of a graph that the engine can run by one operator; `None` where there are none.
/// tract has not simplified the graph yet. For a network that is fused whole,
/// [`Network`](crate::Network) is the shorter way.
///
/// # Errors
/// Broken quantisation parameters, with the node's name; too large tensors; an unknown kernel.
pub fn fuse(model: &TypedModel, options: &Options) -> Result<Option<Fused>> {
    build(model, options.kernel()?, options.threads)
}

pub(crate) fn build(
    model: &TypedModel,
    kernel: Arc<dyn Kernel>,
    threads: usize,
) -> Result<Option<Fused>> {
    let mut found = find(model, false)?;
    if found.graph.convs().next().is_none() {
        return Ok(None);
    }
    let kept = Kept::new(model, &found)?;
    let tensors: Vec<TensorId> = kept.exports.iter().map(|(_, tensor)| *tensor).collect();
    found.graph.fold_resizes(&tensors);
    let shapes = |tensors: &[TensorId]| tensors.iter().map(|&id| found.graph.tensors[id]).collect();
    let op = Int8Subgraph {
        plan: Arc::new(Plan::new(&found.graph, &tensors, kernel.as_ref())?),
        inputs: shapes(&found.graph.inputs),
        outputs: shapes(&tensors),
        kernel: Arc::clone(&kernel),
        threads,
    };
    Ok(Some(Fused {
        model: rebuild(model, &found, &kept, op).map_err(Error::Tract)?,
        multiplications: found.graph.multiplications(),
        left: kept.names(model),
        kernel: kernel.name(),
    }))
}

/// Names of the nodes that the engine does not know.
pub(crate) fn left_nodes(model: &TypedModel, found: &Fusable) -> Result<Vec<String>> {
    Ok(Kept::new(model, found)?.names(model))
}

/// What stays tract's.
struct Kept {
    /// The nodes, each after those that it needs: first what the engine's inputs need, which nothing
    /// of the engine's goes into.
    nodes: Vec<usize>,
    /// The engine's tensors that other nodes need.
    exports: Vec<(OutletId, TensorId)>,
}

impl Kept {
    fn new(model: &TypedModel, found: &Fusable) -> Result<Kept> {
        let order = model.eval_order().map_err(Error::Tract)?;
        let mut kept = Kept {
            nodes: Vec::new(),
            exports: Vec::new(),
        };
        let mut needed = vec![false; model.nodes().len()];
        for mut stack in [found.inputs.clone(), model.outputs.clone()] {
            let before = needed.clone();
            while let Some(outlet) = stack.pop() {
                let made = found
                    .tensors
                    .get(&outlet)
                    .filter(|_| !found.inputs.contains(&outlet));
                if let Some(&tensor) = made {
                    if !kept.exports.iter().any(|(known, _)| *known == outlet) {
                        kept.exports.push((outlet, tensor));
                    }
                } else if !std::mem::replace(&mut needed[outlet.node], true) {
                    stack.extend(&model.node(outlet.node).inputs);
                }
            }
            let new = order.iter().filter(|&&id| needed[id] && !before[id]);
            kept.nodes.extend(new);
        }
        Ok(kept)
    }

    /// Names of the nodes that compute something.
    fn names(&self, model: &TypedModel) -> Vec<String> {
        let computes = |id: &usize| {
            model.node(*id).op.name() != "Source" && constant(model, (*id).into()).is_none()
        };
        let nodes = self.nodes.iter().copied().filter(|id| computes(id));
        nodes.map(|id| model.node(id).name.clone()).collect()
    }
}

/// The new graph: the nodes `kept`, and `op` as soon as its inputs are there.
fn rebuild(
    model: &TypedModel,
    found: &Fusable,
    kept: &Kept,
    op: Int8Subgraph,
) -> TractResult<TypedModel> {
    let mut new = TypedModel::default();
    let mut map = std::collections::HashMap::<OutletId, OutletId>::new();
    let mut op = Some(op);
    for step in 0..=kept.nodes.len() {
        if op.is_some() && found.inputs.iter().all(|input| map.contains_key(input)) {
            let inputs: Vec<OutletId> = found.inputs.iter().map(|input| map[input]).collect();
            if let Some(op) = op.take() {
                let outputs = new.wire_node("int8", op, &inputs)?;
                map.extend(kept.exports.iter().map(|(outlet, _)| *outlet).zip(outputs));
            }
        }
        let Some(&id) = kept.nodes.get(step) else {
            break;
        };
        let node = model.node(id);
        let inputs: TVec<OutletId> = node.inputs.iter().map(|input| map[input]).collect();
        let outputs = if model.inputs.iter().any(|input| input.node == id) {
            tvec!(new.add_source(&*node.name, node.outputs[0].fact.clone())?)
        } else {
            new.wire_node(&*node.name, node.op.clone(), &inputs)?
        };
        map.extend(
            (0..outputs.len())
                .map(|slot| OutletId::new(id, slot))
                .zip(outputs),
        );
    }
    let outputs: Vec<OutletId> = model.outputs.iter().map(|output| map[output]).collect();
    new.select_output_outlets(&outputs)?;
    Ok(new)
}
