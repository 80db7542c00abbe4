//! Where every tensor lies.
//!
//! Tensors are channels-last with a border of one pixel that holds the byte of zero, and their
//! channels are padded to whole blocks. All of them lie in one run of bytes, and those that are not
//! needed at the same time may lie in the same place.

use std::cmp::Reverse;
use std::ops::Range;

use crate::graph::{Conv, Epilogue, Graph, Step, TensorId};
use crate::kernel::Block;
use crate::{Error, Result};

/// Most bytes of all tensors, in MiB.
const MAX_MB: usize = 256;
/// Tensors begin at multiples of this: a cache line, or a register of 512 bits.
const ALIGNMENT: usize = 64;

/// Where a tensor lies. Sizes in bytes; the border is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where it begins.
    pub offset: usize,
    pub rows: usize,
    pub columns: usize,
    /// From pixel to pixel: the channels, padded.
    pub pixel: usize,
    /// From row to row.
    pub row: usize,
    pub border: Border,
}

/// The border of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Border {
    /// No window reaches into it.
    Unused,
    /// Filled with this byte before the first run; it stays.
    Kept(u8),
    /// Filled with this byte in every run, because other tensors overwrite it.
    Refilled(u8),
}

impl Place {
    /// Where the pixels of row `y` begin, counted from the beginning of the tensor.
    pub(crate) fn start(&self, y: usize) -> usize {
        (y + 1) * self.row + self.pixel
    }

    /// Its bytes among those of all tensors.
    pub(crate) fn range(&self) -> Range<usize> {
        self.offset..self.offset + (self.rows + 2) * self.row
    }

    /// Fills the border of the tensor whose bytes are `tensor`.
    pub(crate) fn fill_border(&self, tensor: &mut [u8], byte: u8) {
        let last = (self.rows + 1) * self.row;
        tensor[..self.row].fill(byte);
        tensor[last..].fill(byte);
        // The end of a row and the beginning of the next lie side by side.
        for row in (self.row..=last).step_by(self.row) {
            tensor[row - self.pixel..row + self.pixel].fill(byte);
        }
    }
}

/// The tensors' places.
pub(super) struct Layout {
    pub places: Vec<Place>,
    /// Bytes of all of them.
    pub bytes: usize,
}

impl Layout {
    /// Lays out a network of which the tensors `outputs` are wanted.
    ///
    /// # Errors
    /// Two convolutions give the border of one tensor different zero points, or the tensors are
    /// too large.
    pub(crate) fn new(graph: &Graph, outputs: &[TensorId]) -> Result<Layout> {
        let lives = lifetimes(graph, outputs);
        let sizes = graph.tensors.iter().zip(widths(graph));
        let mut places: Vec<Place> = sizes
            .zip(borders(graph)?.into_iter().zip(&lives))
            .map(|((shape, pixel), (border, life))| Place {
                offset: 0,
                rows: shape.rows,
                columns: shape.columns,
                pixel,
                row: (shape.columns + 2).saturating_mul(pixel),
                border: match border.filter(|_| life.is_some()) {
                    Some(byte) => Border::Kept(byte),
                    None => Border::Unused,
                },
            })
            .collect();
        let bytes = arrange(&mut places, &lives);
        match bytes.filter(|&bytes| bytes <= MAX_MB << 20) {
            Some(bytes) => Ok(Layout { places, bytes }),
            None => Err(Error::TooLarge { limit_mb: MAX_MB }),
        }
    }

    /// The tensors whose borders are filled once.
    pub(super) fn kept_borders(&self) -> impl Iterator<Item = (Place, u8)> {
        self.places.iter().filter_map(|&place| match place.border {
            Border::Kept(byte) => Some((place, byte)),
            _ => None,
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

/// The byte of zero around each tensor, where a window reaches into it.
fn borders(graph: &Graph) -> Result<Vec<Option<u8>>> {
    let mut zeros = vec![None; graph.tensors.len()];
    let mut reached = vec![false; graph.tensors.len()];
    let mut set = |conv: &Conv| {
        let zero = conv.scale_in.zero;
        reached[conv.input] |= conv.side > 1;
        if *zeros[conv.input].get_or_insert(zero) == zero {
            return Ok(());
        }
        let what = "takes another zero point than the other nodes that read its input";
        Err(Error::InvalidNode {
            node: conv.name.clone(),
            problem: what.to_string(),
        })
    };
    graph.convs().try_for_each(&mut set)?;
    let borders = zeros.into_iter().zip(reached);
    Ok(borders
        .map(|(zero, reached)| zero.filter(|_| reached))
        .collect())
}

/// The first and the last step that needs each tensor; `None` for display pixels, which are the
/// caller's, and what no step makes.
fn lifetimes(graph: &Graph, outputs: &[TensorId]) -> Vec<Option<(usize, usize)>> {
    let mut lives = vec![None; graph.tensors.len()];
    for &tensor in &graph.inputs {
        lives[tensor] = Some((0, 0));
    }
    for (number, step) in graph.steps.iter().enumerate() {
        // The global skip writes to the caller's display pixels.
        let displays = matches!(step, Step::Conv(conv) if matches!(conv.epilogue, Epilogue::GlobalSkip { .. }));
        if !displays {
            lives[step.output()] = Some((number, number));
        }
        for read in step.reads() {
            if let Some((_, last)) = &mut lives[read] {
                *last = number;
            }
        }
    }
    for &tensor in outputs {
        if let Some((_, last)) = &mut lives[tensor] {
            *last = usize::MAX;
        }
    }
    lives
}

/// Gives the tensors their offsets: the largest first, each the first gap among those that are needed
/// at the same time. Returns the bytes of all, or `None` where one alone is too large.
fn arrange(places: &mut [Place], lives: &[Option<(usize, usize)>]) -> Option<usize> {
    let length = |place: &Place| (place.rows + 2).saturating_mul(place.row);
    if places.iter().any(|place| length(place) > MAX_MB << 20) {
        return None;
    }
    let mut order: Vec<TensorId> = (0..places.len())
        .filter(|&id| lives[id].is_some())
        .collect();
    order.sort_by_key(|&id| Reverse(length(&places[id])));
    // By their offsets.
    let mut arranged: Vec<TensorId> = Vec::new();
    for id in order {
        let others = arranged
            .iter()
            .filter(|&&other| meet(lives[id], lives[other]));
        let mut offset = 0;
        for other in others.map(|&other| places[other].range()) {
            if offset + length(&places[id]) <= other.start {
                break;
            }
            offset = offset.max(other.end.next_multiple_of(ALIGNMENT));
        }
        places[id].offset = offset;
        let at = arranged.partition_point(|&other| places[other].offset <= offset);
        arranged.insert(at, id);
    }
    for &id in &arranged {
        if let Border::Kept(byte) = places[id].border
            && arranged
                .iter()
                .any(|&other| overwrites(&places[other], &places[id], byte))
        {
            places[id].border = Border::Refilled(byte);
        }
    }
    let ends = arranged.iter().map(|&id| places[id].range().end);
    Some(ends.max().unwrap_or(0))
}

/// Whether two tensors are needed at the same time.
fn meet(one: Option<(usize, usize)>, other: Option<(usize, usize)>) -> bool {
    let (Some(one), Some(other)) = (one, other) else {
        return false;
    };
    one.0 <= other.1 && other.0 <= one.1
}

/// Whether `other` changes the border of `place`, which holds `byte`. One of the same form in the same
/// place does not, unless its own border holds another byte.
fn overwrites(other: &Place, place: &Place, byte: u8) -> bool {
    let form = |place: &Place| (place.offset, place.rows, place.row, place.pixel);
    let (a, b) = (other.range(), place.range());
    let differs = match other.border {
        Border::Unused => false,
        Border::Kept(own) | Border::Refilled(own) => own != byte,
    };
    a.start < b.end && b.start < a.end && (form(other) != form(place) || differs)
}
