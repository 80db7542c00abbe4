//! ONNX files: read with care, checked, and given to tract.

mod model;

use tract_core::prelude::{Framework, TypedModel};
use tract_onnx::pb::ModelProto;
use tract_onnx::pb::tensor_proto::DataLocation;
use tract_onnx::prelude::InferenceModel;

use crate::contain::contain;
use crate::{Error, ErrorKind, Result};

pub use model::{EMBEDDED_MODEL, model_checksum, read_file, verify_checksum};
pub(crate) use model::{SHA256SUMS, sha256};

/// The version of tract in `Cargo.lock`.
pub(crate) const TRACT_VERSION: &str = "0.23.9";

/// Runs `work` and turns a panic of tract, which some damaged files cause, into an error.
pub(crate) fn contained<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    contain(work).unwrap_or_else(|panic| {
        Err(broken(format!(
            "tract gave up on the model: {}",
            one_line(&panic)
        )))
    })
}

/// What an ONNX file holds.
pub(crate) fn decode(bytes: &[u8]) -> Result<ModelProto> {
    let file = int8::onnx()
        .proto_model_for_read(&mut &bytes[..])
        .ok()
        .filter(|file| {
            file.graph
                .as_ref()
                .is_some_and(|graph| !graph.node.is_empty())
        })
        .ok_or_else(|| broken("the model is not an ONNX file, or only a part of one"))?;
    let outside = Some(DataLocation::External as i32);
    let mut weights = file.graph.iter().flat_map(|graph| &graph.initializer);
    if weights.any(|tensor| tensor.data_location == outside) {
        let what = "the model keeps its weights in another file";
        return Err(Error::new(ErrorKind::Model, what)
            .remedy("save it as one file: onnx.save(model, path, save_as_external_data=False)"));
    }
    Ok(file)
}

/// The graph of an ONNX file.
pub(crate) fn parse(file: &ModelProto) -> Result<InferenceModel> {
    int8::onnx()
        .model_for_proto_model(file)
        .map_err(|error| refused("read", error))
}

/// The variable that names a kernel of the integer engine, to compare it with the fastest.
const KERNEL: &str = "FACE8X_KERNEL";

/// How the integer engine runs a network: by this kernel, the one that `FACE8X_KERNEL` names, or the
/// fastest.
///
/// # Errors
/// A usage error: this processor has no kernel of that name.
pub(crate) fn engine_options(kernel: Option<String>, threads: usize) -> Result<int8::Options> {
    let chosen = std::env::var(KERNEL).ok();
    if let Some(name) = chosen.as_ref().filter(|_| kernel.is_none()) {
        let known = int8::kernels();
        if !known.contains(name) {
            let unknown = int8::Error::UnknownKernel {
                name: name.clone(),
                known,
            };
            return Err(Error::from(unknown).context(KERNEL));
        }
    }
    Ok(int8::Options {
        threads,
        kernel: kernel.or(chosen),
        ..int8::Options::default()
    })
}

/// Simplifies a graph and rewrites it for this processor.
pub(crate) fn optimise(model: TypedModel) -> Result<TypedModel> {
    model
        .into_optimized()
        .map_err(|error| refused("prepare", error))
}

/// Most values between two layers. Ours have 262,144 at most.
const MAX_VOLUME: i64 = 1 << 24;

/// Refuses layers that no memory holds: a damaged file can ask for an enlargement by 2^50, and an
/// allocation that fails ends the process.
pub(crate) fn check_volumes(model: &TypedModel) -> Result<()> {
    for node in model.nodes() {
        for output in &node.outputs {
            let mut dims = output.fact.shape.iter().map(|dim| dim.to_i64().ok());
            let volume = dims.try_fold(1_i64, |volume, dim| volume.checked_mul(dim?));
            if volume.is_none_or(|volume| volume > MAX_VOLUME) {
                return Err(broken(format!(
                    "the model's layer \"{}\" has more than {MAX_VOLUME} values",
                    node.name
                )));
            }
        }
    }
    Ok(())
}

pub(crate) fn broken(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Model, what)
        .remedy("copy or export the .onnx file again, or use the embedded model")
}

pub(crate) fn refused(verb: &str, error: impl std::fmt::Display) -> Error {
    broken(format!(
        "tract cannot {verb} the model: {}",
        one_line(&format!("{error:#}"))
    ))
}

/// At most 200 characters on one line: tract's messages may hold whole graphs.
fn one_line(message: &str) -> String {
    let words: Vec<_> = message.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
