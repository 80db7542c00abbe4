//! Named tensors of a network, from and to files.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use face8x_core::{Error, Result};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::{Taps, tap_is_used};
use crate::files;

/// Values with their shape, the last dimension running fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// The weights of a network by name: `stem.w` (outputs, inputs, 3, 3), `stem.b` (outputs), ...
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
}

impl Weights {
    /// Reads a .safetensors file and the metadata in its header.
    ///
    /// # Errors
    /// As for [`Weights::read`].
    pub fn read_with_metadata(path: &Path) -> Result<(Self, HashMap<String, String>)> {
        let bytes = files::read(path)?;
        let header = SafeTensors::read_metadata(&bytes).map(|(_, header)| header);
        let metadata = header
            .ok()
            .and_then(|header| header.metadata().clone())
            .unwrap_or_default();
        let weights = Self::from_safetensors(&bytes).and_then(|weights| weights.finite());
        let weights = weights.map_err(|error| error.context(path.display()))?;
        Ok((weights, metadata))
    }

    pub(crate) fn from_safetensors(bytes: &[u8]) -> Result<Self> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| {
            Error::other(format!("not a safetensors file: {error}"))
                .remedy("name a .safetensors or .onnx file with weights of this network family")
        })?;
        let mut weights = Weights::default();
        for (name, view) in file.tensors() {
            if view.dtype() != Dtype::F32 {
                return Err(Error::other(format!(
                    "the tensor {name} is not of 32-bit floats"
                )));
            }
            let values = view.data().chunks_exact(4);
            let values = values
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect();
            weights.insert(
                name,
                Tensor {
                    shape: view.shape().to_vec(),
                    values,
                },
            );
        }
        Ok(if weights.is_channels_last() {
            weights.into_channels_first()
        } else {
            weights
        })
    }

    /// Whether the bytes of kernels lie in channels-last order although their shapes say otherwise,
    /// as safetensors files come out that were saved from PyTorch tensors in that memory format by
    /// way of numpy. The upsampling convolutions tell: the taps that they do not use are 0.
    fn is_channels_last(&self) -> bool {
        let Some(tensor) = self.tensors.get("u8.c.w").filter(|t| t.shape.len() == 4) else {
            return false;
        };
        let inputs = tensor.shape[1];
        let unused_are_zero = |tap: &dyn Fn(usize) -> usize| {
            tensor.values.iter().enumerate().all(|(k, &v)| {
                let (channel, tap) = (k / (9 * inputs), tap(k % (9 * inputs)));
                v == 0.0 || tap_is_used(Taps::Phase, channel, tap / 3, tap % 3)
            })
        };
        !unused_are_zero(&|k| k % 9) && unused_are_zero(&|k| k / inputs)
    }

    fn into_channels_first(mut self) -> Self {
        for tensor in self.tensors.values_mut().filter(|t| t.shape.len() == 4) {
            let (inputs, area) = (tensor.shape[1], tensor.shape[2] * tensor.shape[3]);
            let per_output = inputs * area;
            let from = |k: usize| {
                let (channel, rest) = (k / per_output, k % per_output);
                channel * per_output + rest % area * inputs + rest / area
            };
            tensor.values = (0..tensor.values.len())
                .map(|k| tensor.values[from(k)])
                .collect();
        }
        self
    }

    pub(crate) fn finite(self) -> Result<Self> {
        match self
            .tensors
            .iter()
            .find(|(_, t)| t.values.iter().any(|v| !v.is_finite()))
        {
            Some((name, _)) => Err(Error::other(format!(
                "the tensor {name} holds values that are not finite: the training diverged"
            ))
            .remedy("go back to an earlier checkpoint and lower the learning rate")),
            None => Ok(self),
        }
    }

    /// Writes a .safetensors file; `metadata` goes into its header.
    ///
    /// # Errors
    /// The disk is full or the folder cannot be written; what stood there before stays.
    pub fn write(&self, path: &Path, metadata: &[(&str, String)]) -> Result<()> {
        let bytes: BTreeMap<&String, Vec<u8>> = self
            .tensors
            .iter()
            .map(|(name, t)| {
                (
                    name,
                    t.values.iter().flat_map(|v| v.to_le_bytes()).collect(),
                )
            })
            .collect();
        let views = self.tensors.iter().map(|(name, t)| {
            TensorView::new(Dtype::F32, t.shape.clone(), &bytes[name]).map(|view| (name, view))
        });
        let views = views.collect::<std::result::Result<Vec<_>, _>>();
        let metadata = metadata
            .iter()
            .map(|(k, v)| ((*k).to_owned(), v.clone()))
            .collect();
        let file = views
            .and_then(|views| safetensors::serialize(views, Some(metadata)))
            .map_err(|error| Error::other(format!("cannot write {}: {error}", path.display())))?;
        files::write(path, &file)
    }

    /// Whether there is a tensor of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The tensor of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn get(&self, name: &str) -> Result<&Tensor> {
        self.tensors.get(name).ok_or_else(|| {
            Error::other(format!("there are no weights {name}"))
                .remedy("use weights of this network family, as `face8x-train export` writes them")
        })
    }

    /// Adds or replaces a tensor.
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) {
        self.tensors.insert(name.into(), tensor);
    }

    /// The tensors by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Tensor)> {
        self.tensors.iter()
    }
}
