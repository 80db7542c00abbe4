//! Why a network cannot be run.

/// The result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a network cannot be run by the integer engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// This processor has no kernel of that name.
    #[error("unknown kernel \"{name}\"; valid values: {}", known.join(", "))]
    UnknownKernel {
        /// The name that was given.
        name: String,
        /// The kernels of this processor.
        known: Vec<String>,
    },
    /// A node of the graph has quantisation parameters that make no sense.
    #[error("the model's node {node} {problem}")]
    InvalidNode {
        /// The node's name in the file.
        node: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The tensors between the layers need more memory than any network for a board has.
    #[error("the model's layers need more than {limit_mb} MB")]
    TooLarge {
        /// The limit in MiB.
        limit_mb: usize,
    },
    /// The network has nodes that the engine does not know: see [`fuse`](crate::fuse).
    #[error("the engine does not know these nodes of the model: {}", nodes.join(", "))]
    NotFused {
        /// Their names in the file.
        nodes: Vec<String>,
    },
    /// The network does not have exactly one input, of one picture.
    #[error("the model's input is {found}, not one picture of bytes")]
    UnsupportedInput {
        /// What it is.
        found: String,
    },
    /// The file leaves the size of the input open, and [`Options::input_size`] does not set it.
    ///
    /// [`Options::input_size`]: crate::Options::input_size
    #[error("the model leaves the size of its input open; set it")]
    OpenSize,
    /// The network cannot be made for this size of input: see [`Network::resize`].
    ///
    /// [`Network::resize`]: crate::Network::resize
    #[error("the model cannot have an input of {rows} rows and {columns} columns")]
    FixedSize {
        /// The rows asked for.
        rows: usize,
        /// The columns asked for.
        columns: usize,
    },
    /// A buffer of the caller's is too small or too large.
    #[error("{what} has {found} elements, not {expected}")]
    WrongLength {
        /// Which buffer.
        what: &'static str,
        /// Its elements.
        found: usize,
        /// What they should be.
        expected: usize,
    },
    /// The file is not an ONNX file, or tract cannot make a graph of it.
    #[error("tract cannot load the model: {0:#}")]
    Tract(tract_core::internal::TractError),
    /// tract panicked, which some damaged files cause.
    #[error("tract gave up on the model: {0}")]
    Panic(String),
}
