//! The fused operators as one operator of tract, and the graph with it in.

use std::sync::Arc;

use tract_core::internal::{
    EvalContext, EvalOp, LaneId, Op, OpState, OutletId, SpecialOps, StaticName, TValue, TVec,
    Tensor, TractResult, TypedFact, TypedOp, as_op, not_out_of_plan, op_as_typed_op, tvec,
};
use tract_core::prelude::{DatumExt, IntoTValue, TypedModel};

use super::engine::Engine;
use super::graph::TensorId;
use super::kernel::Kernel;
use super::plan::Plan;
use super::recognise::{Recognised, recognise};
use crate::{Error, Result};

/// Fused quantised operators: planes of bytes in and out (1 x channels x rows x columns), or a
/// picture of display pixels out (rows x columns, `u32`) where it is the graph's only result.
#[derive(Debug, Clone)]
pub struct Int8Convolutions {
    plan: Arc<Plan>,
    kernel: Arc<dyn Kernel>,
    threads: usize,
}

impl PartialEq for Int8Convolutions {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.plan, &other.plan) && self.threads == other.threads
    }
}

impl Eq for Int8Convolutions {}

impl Op for Int8Convolutions {
    fn name(&self) -> StaticName {
        "Int8Convolutions".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        Ok(vec![format!(
            "{} steps, kernel {}",
            self.plan.steps.len(),
            self.kernel.name()
        )])
    }

    op_as_typed_op!();
}

impl EvalOp for Int8Convolutions {
    not_out_of_plan!();

    fn state(&self, _context: &EvalContext) -> TractResult<Option<Box<dyn OpState>>> {
        Ok(Some(Box::new(Running::new(self.clone())?)))
    }
}

impl Int8Convolutions {
    fn fact(&self, k: usize) -> TypedFact {
        let (shape, port) = &self.plan.exports[k];
        let planes = [1, shape.channels, shape.rows, shape.columns];
        match port {
            Some(port) if port.signed => i8::fact(planes),
            Some(_) => u8::fact(planes),
            None => u32::fact([shape.rows, shape.columns]),
        }
    }
}

impl TypedOp for Int8Convolutions {
    fn output_facts(&self, _inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let outputs = 0..self.plan.exports.len();
        Ok(outputs.map(|k| self.fact(k)).collect())
    }

    as_op!();
}

/// An operator's engine and the tensors that it gives out, which are kept from run to run.
#[derive(Debug)]
struct Running {
    op: Int8Convolutions,
    engine: Engine,
    outputs: Vec<Arc<Tensor>>,
}

impl Running {
    fn new(op: Int8Convolutions) -> TractResult<Running> {
        let zeros = |k: usize| {
            let fact = op.fact(k);
            let shape: TVec<usize> = fact.shape.as_concrete().unwrap_or_default().into();
            Tensor::zero_dt(fact.datum_type, &shape).map(Arc::new)
        };
        Ok(Running {
            outputs: (0..op.plan.exports.len())
                .map(zeros)
                .collect::<TractResult<_>>()?,
            engine: Engine::new(Arc::clone(&op.plan), Arc::clone(&op.kernel), op.threads),
            op,
        })
    }
}

impl Clone for Running {
    fn clone(&self) -> Self {
        Running {
            op: self.op.clone(),
            engine: Engine::new(
                Arc::clone(&self.op.plan),
                Arc::clone(&self.op.kernel),
                self.op.threads,
            ),
            outputs: self.outputs.clone(),
        }
    }
}

impl OpState for Running {
    fn eval(
        &mut self,
        _: &EvalContext,
        _: &dyn Op,
        inputs: TVec<TValue>,
    ) -> TractResult<TVec<TValue>> {
        for (k, input) in inputs.iter().enumerate() {
            self.engine.enter(k, input.try_as_plain_ram()?.as_bytes());
        }
        let picture = |export: &(_, Option<_>)| export.1.is_none();
        let picture = self.op.plan.exports.iter().position(picture);
        match picture {
            // Nobody holds the result of the last run any more, so nothing is copied.
            Some(k) => {
                let tensor = Arc::make_mut(&mut self.outputs[k]);
                self.engine
                    .run(tensor.try_as_plain_ram_mut()?.as_slice_mut()?);
            }
            None => self.engine.run(&mut []),
        }
        for (k, output) in self
            .outputs
            .iter_mut()
            .enumerate()
            .filter(|(k, _)| picture != Some(*k))
        {
            let tensor = Arc::make_mut(output);
            self.engine
                .leave(k, tensor.try_as_plain_ram_mut()?.as_bytes_mut());
        }
        Ok(self
            .outputs
            .iter()
            .map(|tensor| Arc::clone(tensor).into_tvalue())
            .collect())
    }

    fn reset_lanes(&mut self, _lanes: &[LaneId]) -> TractResult<()> {
        Ok(())
    }
}

/// A graph with the fused operator in the place of what it computes.
pub struct Fused {
    pub model: TypedModel,
    /// Multiplications of the fused convolutions a run, zero taps left out.
    pub multiplications: usize,
    /// Names of the nodes that stayed tract's.
    pub left: Vec<String>,
}

/// Replaces what is recognised in a decluttered graph by [`Int8Convolutions`]; `None` where that
/// is nothing.
///
/// # Errors
/// Broken quantisation parameters; the message names the node.
pub fn fuse(model: &TypedModel, kernel: Arc<dyn Kernel>, threads: usize) -> Result<Option<Fused>> {
    let mut found = recognise(model)?;
    if found.network.convs().next().is_none() {
        return Ok(None);
    }
    let mut exports: Vec<(OutletId, TensorId)> = Vec::new();
    let kept = kept(model, &found, &mut exports).map_err(Error::Graph)?;
    let tensors: Vec<TensorId> = exports.iter().map(|(_, tensor)| *tensor).collect();
    found.network.fold_enlargements(&tensors);
    let multiplications = found.network.multiplications();
    let op = Int8Convolutions {
        plan: Arc::new(Plan::new(&found.network, &tensors, kernel.input_offset())?),
        kernel,
        threads,
    };
    let fused = rebuild(model, &found, &kept, &exports, op).map_err(Error::Graph)?;
    let stays = |id: &usize| {
        let op = model.node(*id).op.name();
        op != "Source" && op != "Const"
    };
    let left = kept
        .iter()
        .filter(|id| stays(id))
        .map(|&id| model.node(id).name.clone())
        .collect();
    Ok(Some(Fused {
        model: fused,
        multiplications,
        left,
    }))
}

/// The nodes that stay, each after those that it needs: first what the network's entries need,
/// which nothing of the network goes into. Gathers the tensors that the others need of it.
fn kept(
    model: &TypedModel,
    found: &Recognised,
    exports: &mut Vec<(OutletId, TensorId)>,
) -> TractResult<Vec<usize>> {
    let order = model.eval_order()?;
    let mut kept = Vec::new();
    let mut needed = vec![false; model.nodes().len()];
    for mut stack in [found.entries.clone(), model.outputs.clone()] {
        let before = needed.clone();
        while let Some(outlet) = stack.pop() {
            let made = found
                .tensors
                .get(&outlet)
                .filter(|_| !found.entries.contains(&outlet));
            if let Some(&tensor) = made {
                if !exports.iter().any(|(known, _)| *known == outlet) {
                    exports.push((outlet, tensor));
                }
            } else if !std::mem::replace(&mut needed[outlet.node], true) {
                stack.extend(&model.node(outlet.node).inputs);
            }
        }
        kept.extend(
            order
                .iter()
                .copied()
                .filter(|&id| needed[id] && !before[id]),
        );
    }
    Ok(kept)
}

/// The new graph: the nodes `kept`, and `op` as soon as its inputs are there.
fn rebuild(
    model: &TypedModel,
    found: &Recognised,
    kept: &[usize],
    exports: &[(OutletId, TensorId)],
    op: Int8Convolutions,
) -> TractResult<TypedModel> {
    let mut new = TypedModel::default();
    let mut map = std::collections::HashMap::<OutletId, OutletId>::new();
    let mut op = Some(op);
    for step in 0..=kept.len() {
        if op.is_some() && found.entries.iter().all(|entry| map.contains_key(entry)) {
            let inputs: Vec<OutletId> = found.entries.iter().map(|entry| map[entry]).collect();
            if let Some(op) = op.take() {
                let outputs = new.wire_node("int8", op, &inputs)?;
                map.extend(exports.iter().map(|(outlet, _)| *outlet).zip(outputs));
            }
        }
        let Some(&id) = kept.get(step) else { break };
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
