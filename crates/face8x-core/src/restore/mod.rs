//! Restore: 16x16 pixels of a face in, 128x128 out.

use std::path::Path;

use crate::network::sha256;
use crate::{Error, Result};

mod bicubic;
mod ends;
mod float_form;
mod threads;
mod tract;

pub use crate::network::{EMBEDDED_MODEL, model_checksum, read_file, verify_checksum};
pub use bicubic::Bicubic;
pub use int8::kernels;
pub use threads::Threads;
pub use tract::{Operators, TractRestorer};

pub use crate::pixel::{Lr, Sr};

/// Something that makes 128x128 pixels of 16x16.
pub trait Restorer: Send {
    /// One line for the screen, the log and the JSON: which model by which engine.
    fn describe(&self) -> String;

    /// Restores one face.
    ///
    /// # Errors
    /// The engine failed; the next face may succeed.
    fn restore(&mut self, lr: &Lr, sr: &mut Sr) -> Result<()>;
}

/// Opens a restorer; the arguments are the model file, where the user names one, and the threads.
type Open = fn(Option<&Path>, usize) -> Result<Box<dyn Restorer>>;

/// One row of the table of restorers.
pub struct RestorerKind {
    /// Its name, as in `--restorer`.
    pub name: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// Whether it runs on more than one thread.
    has_threads: bool,
    open: Open,
}

/// Every restorer, the default first.
pub const RESTORERS: &[RestorerKind] = &[
    RestorerKind {
        name: "auto",
        help: "the fastest engine for the model: int8 where it is quantised, else tract",
        has_threads: true,
        open: |model, threads| open_network(model, Operators::Fused(threads)),
    },
    RestorerKind {
        name: "int8",
        help: "a quantised ONNX network on the processor's integer instructions",
        has_threads: true,
        open: |model, threads| open_network(model, Operators::OnlyFused(threads)),
    },
    RestorerKind {
        name: "tract",
        help: "an ONNX network by tract's own operators, on one thread",
        has_threads: false,
        open: open_tract,
    },
    RestorerKind {
        name: "tract-f32",
        help: "a quantised network's float form by tract: to compare with",
        has_threads: false,
        open: open_float_form,
    },
    RestorerKind {
        name: "bicubic",
        help: "bicubic interpolation, no network: a reference to compare with",
        has_threads: false,
        open: open_bicubic,
    },
];

/// Opens the restorer of this name (see [`RESTORERS`]), warmed up.
///
/// `model` is an ONNX file (1x3x16x16 to 1x3x128x128, see [`TractRestorer`]); without one the
/// embedded model is used, after its SHA-256 has been compared with `models/SHA256SUMS`.
/// `threads` is for the integer engine; the float network runs on one thread and says so in the log.
///
/// # Errors
/// An unknown name is a usage error; a model that cannot be read or does not fit is a failure.
pub fn open(
    restorer: &str,
    model: Option<&Path>,
    threads: impl Into<Threads>,
) -> Result<Box<dyn Restorer>> {
    let kind = kind_of(restorer)?;
    let threads = match threads.into() {
        Threads::Count(count) => count,
        Threads::Auto if kind.has_threads => {
            threads::fastest(|threads| (kind.open)(model, threads))?
        }
        Threads::Auto => 1,
    };
    let opened = (kind.open)(model, threads)?;
    log::info!("restorer: {}", opened.describe());
    Ok(opened)
}

/// The restorer of this name.
pub fn kind_of(restorer: &str) -> Result<&'static RestorerKind> {
    RESTORERS
        .iter()
        .find(|kind| kind.name == restorer)
        .ok_or_else(|| {
            let names: Vec<_> = RESTORERS.iter().map(|kind| kind.name).collect();
            Error::unknown("restorer", restorer, &names)
        })
}

/// The SHA-256 in hexadecimal of the model that [`open`] takes; `None` for bicubic, which has none.
///
/// # Errors
/// The file cannot be read, or the embedded model is damaged.
pub fn checksum(restorer: &str, model: Option<&Path>) -> Result<Option<String>> {
    match model {
        _ if restorer == "bicubic" => Ok(None),
        None => model_checksum().map(Some),
        Some(path) => Ok(Some(sha256(&read_file(path, "--model")?))),
    }
}

fn open_float_form(model: Option<&Path>, _threads: usize) -> Result<Box<dyn Restorer>> {
    load_network(model, TractRestorer::load_float_form)
}

fn open_tract(model: Option<&Path>, threads: usize) -> Result<Box<dyn Restorer>> {
    if threads > 1 {
        log::info!(
            "tract's own operators run on one thread; the other {} stay idle",
            threads - 1
        );
    }
    open_network(model, Operators::Stock)
}

/// The network with these operators.
fn open_network(model: Option<&Path>, operators: Operators) -> Result<Box<dyn Restorer>> {
    load_network(model, |bytes, file, origin| {
        TractRestorer::load(bytes, file, origin, operators)
    })
}

/// Loads the user's network, or the embedded one, given to `load` as its bytes, the file's name
/// and where it came from.
fn load_network(
    model: Option<&Path>,
    load: impl FnOnce(&[u8], &str, &str) -> Result<TractRestorer>,
) -> Result<Box<dyn Restorer>> {
    let opened = match model {
        None => {
            model_checksum()?;
            load(EMBEDDED_MODEL, "face8x.onnx", "embedded")?
        }
        Some(path) => {
            let bytes = read_file(path, "--model")?;
            let name = path
                .file_name()
                .unwrap_or(path.as_os_str())
                .to_string_lossy();
            load(&bytes, &name, "file").map_err(|error| error.context(path.display()))?
        }
    };
    Ok(Box::new(opened))
}

fn open_bicubic(model: Option<&Path>, _threads: usize) -> Result<Box<dyn Restorer>> {
    if let Some(path) = model {
        log::warn!(
            "the bicubic restorer uses no model: {} is not read",
            path.display()
        );
    }
    Ok(Box::new(Bicubic::new()))
}

#[cfg(test)]
mod tests;
