//! From an ONNX file to tract's graph.

use std::panic::{AssertUnwindSafe, catch_unwind};

#[cfg(target_arch = "x86_64")]
use tract_core::knobs::set_config_global;
use tract_core::prelude::{DatumType, Framework, TypedModel};
use tract_onnx::Onnx;
use tract_onnx::prelude::{InferenceFact, InferenceModel, InferenceModelExt};
use tract_onnx::tract_hir::infer::{Factoid, GenericFactoid};

use crate::{Error, Result};

/// tract's reader of ONNX files.
///
/// On x86-64 it also keeps tract from its kernels for AMX (Sapphire Rapids and later), for the whole process
/// and unless the variable `TRACT_CPU_ISA` is set: those of tract 0.23.9 read up to a kilobyte behind the
/// packed weights of a product of bytes, which ends a program by SIGSEGV where nothing is mapped there.
pub fn onnx() -> Onnx {
    #[cfg(target_arch = "x86_64")]
    if let Err(error) = set_config_global("TRACT_CPU_ISA", "-amx-int8") {
        log::debug!("tract's kernels for AMX stay: {error:#}");
    }
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    tract_onnx::onnx()
}

/// The graph of an ONNX file, before tract simplifies it, with an input of this size (rows and
/// columns) where one is given.
pub(crate) fn load(mut onnx: &[u8], size: Option<[usize; 2]>) -> Result<TypedModel> {
    let typed = || -> Result<TypedModel> {
        let file = crate::onnx().proto_model_for_read(&mut onnx);
        let model = file.and_then(|file| crate::onnx().model_for_proto_model(&file));
        let mut model = model.map_err(Error::Tract)?;
        let input = input_fact(&model, size)?;
        model.set_input_fact(0, input).map_err(Error::Tract)?;
        model.into_typed().map_err(Error::Tract)
    };
    catch_unwind(AssertUnwindSafe(typed)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Error::Panic(text.unwrap_or_else(|| "no reason".into())))
    })
}

/// Type and shape of the one input.
fn input_fact(model: &InferenceModel, size: Option<[usize; 2]>) -> Result<InferenceFact> {
    let [outlet] = model.inputs[..] else {
        let found = format!("{} tensors", model.inputs.len());
        return Err(Error::UnsupportedInput { found });
    };
    let fact = model.outlet_fact(outlet).map_err(Error::Tract)?;
    let unsupported = || Error::UnsupportedInput {
        found: format!("{fact:?}"),
    };
    let sizes: Vec<Option<usize>> = fact
        .shape
        .dims()
        .map(|dim| match dim {
            GenericFactoid::Only(dim) => dim.as_i64().and_then(|dim| usize::try_from(dim).ok()),
            GenericFactoid::Any => None,
        })
        .collect();
    let [batch, Some(channels), rows, columns] = sizes[..] else {
        return Err(unsupported());
    };
    let fixed = |open: Option<usize>, wanted: Option<usize>| match (open, wanted) {
        (Some(length), Some(wanted)) if length != wanted => Err(unsupported()),
        (length, wanted) => length.or(wanted).ok_or(Error::OpenSize),
    };
    let rows = fixed(rows, size.map(|[rows, _]| rows))?;
    let columns = fixed(columns, size.map(|[_, columns]| columns))?;
    if fact.shape.is_open() || batch.unwrap_or(1) != 1 {
        return Err(unsupported());
    }
    let kind = fact.datum_type.concretize().unwrap_or(DatumType::F32);
    Ok(InferenceFact::dt_shape(kind, [1, channels, rows, columns]))
}
