//! Where every tensor lies.
//!
//! Tensors are channels-last with a border of one pixel that holds the byte of zero, and their
//! channels are padded to whole blocks.

use std::collections::HashMap;

use crate::graph::{Conv, Epilogue, Graph, Step, TensorId};
use crate::kernel::Block;
use crate::{Error, Result};

/// Most bytes of all tensors, in MiB.
const MAX_MB: usize = 256;

/// Where a tensor lies. Sizes in bytes; the border is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub buffer: usize,
    pub rows: usize,
    pub columns: usize,
    /// From pixel to pixel: the channels, padded.
    pub pixel: usize,
    /// From row to row.
    pub row: usize,
}

impl Place {
    /// Where the pixels of row `y` begin.
    pub(crate) fn start(&self, y: usize) -> usize {
        (y + 1) * self.row + self.pixel
    }
}

/// A buffer and the byte that it is filled with before the first run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Buffer {
    pub bytes: usize,
    pub fill: u8,
}

/// Rows, columns and bytes of a pixel, and the border's byte: what makes one buffer as good as
/// another.
type Form = (usize, usize, usize, u8);

/// The tensors' places.
pub(super) struct Layout {
    pub places: Vec<Place>,
    pub buffers: Vec<Buffer>,
}

impl Layout {
    /// Lays out a network of which the tensors `outputs` are wanted.
    ///
    /// # Errors
    /// Two convolutions give the border of one tensor different zero points, or the tensors are
    /// too large.
    pub(crate) fn new(graph: &Graph, outputs: &[TensorId]) -> Result<Layout> {
        let fills = fills(graph)?;
        let widths = widths(graph);
        let forms: Vec<Form> = (graph.tensors.iter().zip(widths).zip(fills))
            .map(|((shape, width), fill)| (shape.rows, shape.columns, width, fill))
            .collect();
        let (owned, buffers) = allocate(graph, outputs, &forms);
        let total = buffers.iter().map(|buffer| buffer.bytes);
        if total.fold(0, usize::saturating_add) > MAX_MB << 20 {
            return Err(Error::TooLarge { limit_mb: MAX_MB });
        }
        let place = |(&(rows, columns, pixel, _), buffer)| Place {
            buffer,
            rows,
            columns,
            pixel,
            row: (columns + 2) * pixel,
        };
        Ok(Layout {
            places: forms.iter().zip(owned).map(place).collect(),
            buffers,
        })
    }
}

/// Padded channels of each tensor.
fn widths(graph: &Graph) -> Vec<usize> {
    // Kernels write, and add, whole blocks of 16. A picture at the input has three channels: one
    // block of four inputs is enough for it, where dense convolutions alone read it.
    let mut whole = vec![false; graph.tensors.len()];
    for step in &graph.steps {
        whole[step.output()] = true;
        match step {
            Step::Conv(conv) if !conv.depthwise => {
                if let Epilogue::Add { other_id, .. } = conv.epilogue {
                    whole[other_id] = true;
                }
            }
            _ => step.reads().for_each(|read| whole[read] = true),
        }
    }
    let pad = |(shape, whole): (&crate::graph::Shape, bool)| {
        let thin = !whole && shape.channels <= Block::INPUTS;
        shape
            .channels
            .next_multiple_of(if thin { Block::INPUTS } else { Block::LANES })
    };
    graph.tensors.iter().zip(whole).map(pad).collect()
}

/// The byte of zero around each tensor.
fn fills(graph: &Graph) -> Result<Vec<u8>> {
    let mut fills = vec![None; graph.tensors.len()];
    let mut set = |conv: &Conv| {
        let zero = conv.scale_in.zero;
        if *fills[conv.input].get_or_insert(zero) == zero {
            return Ok(());
        }
        let what = "takes another zero point than the other nodes that read its input";
        Err(Error::InvalidNode {
            node: conv.name.clone(),
            problem: what.to_string(),
        })
    };
    graph.convs().try_for_each(&mut set)?;
    Ok(fills.into_iter().map(Option::unwrap_or_default).collect())
}

/// Gives each tensor a buffer. One of the same form is taken over from a tensor that is not read
/// any more.
fn allocate(graph: &Graph, outputs: &[TensorId], forms: &[Form]) -> (Vec<usize>, Vec<Buffer>) {
    let mut last_use = vec![0; forms.len()];
    for (number, step) in graph.steps.iter().enumerate() {
        for tensor in step.reads().chain([step.output()]) {
            last_use[tensor] = number;
        }
    }
    for &tensor in outputs {
        last_use[tensor] = usize::MAX;
    }
    let mut owned = vec![usize::MAX; forms.len()];
    let mut buffers: Vec<Buffer> = Vec::new();
    let mut free: HashMap<Form, Vec<usize>> = HashMap::new();
    let mut give = |form: &Form, free: &mut HashMap<Form, Vec<usize>>| {
        let (rows, columns, pixel, fill) = *form;
        free.get_mut(form).and_then(Vec::pop).unwrap_or_else(|| {
            let bytes = (rows + 2).saturating_mul(columns + 2).saturating_mul(pixel);
            buffers.push(Buffer { bytes, fill });
            buffers.len() - 1
        })
    };
    for &tensor in &graph.inputs {
        owned[tensor] = give(&forms[tensor], &mut free);
    }
    for (number, step) in graph.steps.iter().enumerate() {
        let mut done: Vec<TensorId> = step.reads().collect();
        // The global skip writes to the caller's display pixels.
        let displays = matches!(step, Step::Conv(conv) if matches!(conv.epilogue, Epilogue::GlobalSkip { .. }));
        if !displays {
            let output = step.output();
            owned[output] = give(&forms[output], &mut free);
            done.push(output);
        }
        done.sort_unstable();
        done.dedup();
        for tensor in done {
            if last_use[tensor] == number {
                free.entry(forms[tensor]).or_default().push(owned[tensor]);
            }
        }
    }
    (owned, buffers)
}
