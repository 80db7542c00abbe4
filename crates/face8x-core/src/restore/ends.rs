//! What a network's inputs and outputs must be.

use tract_core::prelude::{Datum, DatumType, TypedModel};
use tract_onnx::prelude::{InferenceFact, InferenceModel, InferenceModelExt};
use tract_onnx::tract_hir::infer::{Factoid, GenericFactoid};

use crate::geometry::{HR_SIDE, LR_SIDE};
use crate::network::{check_volumes, refused};
use crate::{Error, ErrorKind, Result};

pub(super) const INPUT: [usize; 4] = [1, 3, LR_SIDE, LR_SIDE];
const OUTPUT: [usize; 4] = [1, 3, HR_SIDE, HR_SIDE];
const FITTING_MODEL: &str =
    "use a network from 16x16 to 128x128 pixels (RGB, channels first), or the embedded one";

/// Checks number, type and shape of the inputs; gives the type.
pub(super) fn check_input(model: &InferenceModel) -> Result<DatumType> {
    let [outlet] = model.inputs[..] else {
        return Err(not_one("input", model.inputs.len()));
    };
    let fact = model
        .outlet_fact(outlet)
        .map_err(|error| refused("read", error))?;
    let fits = !fact.shape.is_open()
        && fact.shape.dims().count() == INPUT.len()
        && fact.shape.dims().zip(INPUT).all(|(dim, wanted)| match dim {
            GenericFactoid::Any => true,
            GenericFactoid::Only(dim) => dim.as_i64().is_none_or(|dim| dim == wanted as i64),
        });
    if !fits {
        let shape: Vec<_> = fact.shape.dims().map(|dim| dim.to_string()).collect();
        return Err(unfit("input", &shape, &INPUT));
    }
    let kind = fact.datum_type.concretize().unwrap_or(DatumType::F32);
    check_type("input", kind)?;
    Ok(kind)
}

/// Fixes the input and works out every shape.
pub(super) fn fix_input(mut model: InferenceModel, kind: DatumType) -> Result<TypedModel> {
    let typed = model
        .set_input_fact(0, InferenceFact::dt_shape(kind, INPUT))
        .and_then(|()| model.into_typed())
        .map_err(|error| refused("prepare", error))?;
    check_volumes(&typed)?;
    Ok(typed)
}

/// Checks number, type and shape of the outputs.
pub(super) fn check_output(model: &TypedModel) -> Result<()> {
    let [outlet] = model.outputs[..] else {
        return Err(not_one("output", model.outputs.len()));
    };
    let fact = model
        .outlet_fact(outlet)
        .map_err(|error| refused("read", error))?;
    if fact.shape.as_concrete() != Some(&OUTPUT[..]) {
        let shape: Vec<_> = fact.shape.iter().map(|dim| dim.to_string()).collect();
        return Err(unfit("output", &shape, &OUTPUT));
    }
    check_type("output", fact.datum_type)
}

fn check_type(end: &str, kind: DatumType) -> Result<()> {
    if kind == f32::datum_type() || kind == u8::datum_type() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Model,
        format!(
            "the model's {end} is of type {}; face8x needs f32 or u8",
            type_name(kind)
        ),
    )
    .remedy(FITTING_MODEL))
}

fn unfit(end: &str, shape: &[String], wanted: &[usize]) -> Error {
    let shown = if shape.is_empty() {
        "without a fixed shape".into()
    } else {
        shape.join("x")
    };
    let wanted: Vec<_> = wanted.iter().map(usize::to_string).collect();
    Error::new(
        ErrorKind::Model,
        format!(
            "the model's {end} is {shown}; face8x needs {}",
            wanted.join("x")
        ),
    )
    .remedy(FITTING_MODEL)
}

fn not_one(end: &str, count: usize) -> Error {
    Error::new(
        ErrorKind::Model,
        format!("the model has {count} {end}s; face8x needs one"),
    )
    .remedy(FITTING_MODEL)
}

pub(super) fn type_name(kind: DatumType) -> String {
    format!("{kind:?}").to_lowercase()
}
