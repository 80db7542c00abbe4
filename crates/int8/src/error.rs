//! Why a network cannot be run.

/// The result of every fallible call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a network cannot be run by the integer engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `FACE8X_KERNEL`, or a caller, names a kernel that this processor does not have.
    #[error("FACE8X_KERNEL: unknown kernel \"{name}\"; valid values: {}", known.join(", "))]
    UnknownKernel {
        /// What was named.
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
    /// tract refuses a graph that holds the integer operator.
    #[error("the graph cannot be rebuilt: {0:#}")]
    Graph(tract_core::internal::TractError),
}
