//! Where every tensor lies.
//!
//! Tensors are channels-last with a border of one pixel that holds the byte of zero, and their
//! channels are padded to whole blocks. A tensor that goes into a concatenation lies in its part
//! of the pixels from the start, so that concatenating costs nothing.

use std::collections::HashMap;

use crate::graph::{Network, Shape, Step, TensorId, Then};
use crate::kernel::Block;
use crate::{Error, Result};

/// Most bytes of all tensors. The embedded network needs 2 million.
const MAX_BYTES: usize = 256 << 20;

/// Where a tensor lies. Sizes in bytes; the border is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub buffer: usize,
    /// Its first channel in the pixel.
    pub lane: usize,
    /// Its channels in the pixel, padded.
    pub width: usize,
    pub rows: usize,
    pub columns: usize,
    /// From pixel to pixel.
    pub pixel: usize,
    /// From row to row.
    pub row: usize,
}

impl Place {
    /// Where the pixels of row `y` begin.
    pub fn start(&self, y: usize) -> usize {
        (y + 1) * self.row + self.pixel + self.lane
    }
}

/// A buffer and the byte that it is filled with before the first run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buffer {
    pub bytes: usize,
    pub fill: u8,
}

/// Rows, columns and bytes of a pixel, and the border's byte: what makes one buffer as good as
/// another.
type Form = (usize, usize, usize, u8);

/// The tensors' places.
pub struct Layout {
    pub places: Vec<Place>,
    pub buffers: Vec<Buffer>,
    /// For each tensor and each of its channels: where it lies in the tensor's part of the pixel.
    pub lanes: Vec<Vec<usize>>,
    /// Parts of concatenations that don't lie in place and must be copied: the step's number, the
    /// part, and where it goes.
    pub copies: Vec<(usize, TensorId, Place)>,
}

impl Layout {
    /// Lays out a network of which the tensors `exports` are wanted.
    ///
    /// # Errors
    /// Two convolutions give the border of one tensor different zero points, or the tensors are
    /// too large.
    pub fn new(network: &Network, exports: &[TensorId]) -> Result<Layout> {
        let (widths, lanes) = widths(network);
        let homes = Homes::new(network, &widths);
        let fills = fills(network, &homes)?;
        let mut places: Vec<Place> = (0..network.tensors.len())
            .map(|tensor| {
                let (root, lane) = homes.of(tensor);
                let shape = network.tensors[tensor];
                Place {
                    buffer: usize::MAX,
                    lane,
                    width: widths[tensor],
                    rows: shape.rows,
                    columns: shape.columns,
                    pixel: widths[root],
                    row: (shape.columns + 2) * widths[root],
                }
            })
            .collect();
        let form = |root: TensorId| {
            let place = places[root];
            (place.rows, place.columns, place.pixel, fills[root])
        };
        let forms: Vec<Form> = (0..places.len()).map(form).collect();
        let (owned, buffers) = allocate(network, exports, &homes, &forms);
        if buffers.iter().map(|buffer| buffer.bytes).sum::<usize>() > MAX_BYTES {
            return Err(Error::TooLarge { limit_mb: 256 });
        }
        for (tensor, place) in places.iter_mut().enumerate() {
            place.buffer = owned[homes.of(tensor).0];
        }
        let copies = homes
            .copies(network)
            .map(|(step, part, concat, lane)| {
                let whole = places[concat];
                let (lane, width) = (whole.lane + lane, widths[part]);
                (
                    step,
                    part,
                    Place {
                        lane,
                        width,
                        ..whole
                    },
                )
            })
            .collect();
        Ok(Layout {
            places,
            buffers,
            lanes,
            copies,
        })
    }
}

/// Padded channels of each tensor, and where each channel lies among them.
fn widths(network: &Network) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut whole: Vec<bool> = vec![false; network.tensors.len()];
    for step in &network.steps {
        // Kernels write, and add, whole blocks of 16. The picture's input has three channels: one
        // block of four inputs is enough for it.
        match step {
            Step::Conv(conv) => {
                if let Then::Add { other_id, .. } = conv.then {
                    whole[other_id] = true;
                }
            }
            _ => step.reads().into_iter().for_each(|read| whole[read] = true),
        }
        whole[step.output()] = true;
    }
    let pad = |(tensor, whole): (usize, bool)| {
        let channels = network.tensors[tensor].channels;
        let thin = !whole && channels <= Block::INPUTS;
        channels.next_multiple_of(if thin { Block::INPUTS } else { Block::LANES })
    };
    let mut widths: Vec<usize> = whole.into_iter().enumerate().map(pad).collect();
    let plain = |shape: &Shape| (0..shape.channels).collect();
    let mut lanes: Vec<Vec<usize>> = network.tensors.iter().map(plain).collect();
    for step in &network.steps {
        if matches!(step, Step::Conv(_)) {
            continue;
        }
        let mut all = Vec::new();
        let mut first = 0;
        for part in step.reads() {
            all.extend(lanes[part].iter().map(|lane| first + lane));
            first += widths[part];
        }
        (lanes[step.output()], widths[step.output()]) = (all, first);
    }
    (widths, lanes)
}

/// Whether padding lies between a tensor's channels: a concatenation of tensors that don't fill
/// their blocks.
pub fn gapped(network: &Network, tensor: TensorId) -> bool {
    let mut gapped = vec![false; network.tensors.len()];
    let fills = |part: &TensorId| network.tensors[*part].channels.is_multiple_of(Block::LANES);
    for step in &network.steps {
        let inner = step.reads().iter().any(|&read| gapped[read]);
        gapped[step.output()] = match step {
            Step::Conv(_) => false,
            Step::Pool(_) | Step::Enlarge { .. } => inner,
            Step::Concat { inputs, .. } => {
                inner || !inputs[..inputs.len().saturating_sub(1)].iter().all(fills)
            }
        };
    }
    gapped[tensor]
}

/// Which tensors lie in others.
struct Homes {
    /// The concatenation that a tensor is a part of, and its first lane there.
    homes: Vec<Option<(TensorId, usize)>>,
    widths: Vec<usize>,
}

impl Homes {
    fn new(network: &Network, widths: &[usize]) -> Homes {
        let mut homes = Homes {
            homes: vec![None; network.tensors.len()],
            widths: widths.to_vec(),
        };
        for (number, step) in network.steps.iter().enumerate() {
            let Step::Concat { inputs, output } = step else {
                continue;
            };
            let before = homes.homes.clone();
            let mut first = 0;
            for &part in inputs {
                if homes.homes[part].is_none() {
                    homes.homes[part] = Some((*output, first));
                    if !homes.reads_apart(network) {
                        homes.homes[part] = None;
                    }
                }
                first += widths[part];
            }
            let copied = homes.copies(network).filter(|copy| copy.0 <= number);
            if copied
                .map(|(_, part, concat, _)| (part, concat))
                .any(|(part, concat)| homes.of(part).0 == homes.of(concat).0)
            {
                homes.homes = before;
            }
        }
        homes
    }

    /// The tensor in whose buffer this one lies, and its first lane there.
    fn of(&self, tensor: TensorId) -> (TensorId, usize) {
        let (mut root, mut lane) = (tensor, 0);
        while let Some((home, first)) = self.homes[root] {
            (root, lane) = (home, lane + first);
        }
        (root, lane)
    }

    /// Whether no step reads of the buffer that it writes to. (A concatenation writes nothing, but
    /// for its copies.)
    fn reads_apart(&self, network: &Network) -> bool {
        network.steps.iter().all(|step| {
            let to = self.of(step.output()).0;
            matches!(step, Step::Concat { .. })
                || step.reads().iter().all(|&read| self.of(read).0 != to)
        })
    }

    /// Parts of concatenations that don't lie in place: the step, the part, the whole, and the
    /// part's first lane there.
    fn copies<'a>(
        &'a self,
        network: &'a Network,
    ) -> impl Iterator<Item = (usize, TensorId, TensorId, usize)> + 'a {
        let steps = network.steps.iter().enumerate();
        steps.flat_map(move |(number, step)| {
            let (inputs, output): (&[TensorId], _) = match step {
                Step::Concat { inputs, output } => (inputs, *output),
                _ => (&[], 0),
            };
            let mut next = 0;
            inputs.iter().filter_map(move |&part| {
                let first = next;
                next += self.widths[part];
                let lies = self.homes[part] == Some((output, first));
                (!lies).then_some((number, part, output, first))
            })
        })
    }
}

/// The byte of zero around each tensor that owns a buffer.
fn fills(network: &Network, homes: &Homes) -> Result<Vec<u8>> {
    let mut fills = vec![None; network.tensors.len()];
    for conv in network.convs() {
        let root = homes.of(conv.input).0;
        if *fills[root].get_or_insert(conv.zero_in) != conv.zero_in {
            let what = "takes another zero point than the other nodes that read its input";
            return Err(Error::InvalidNode {
                node: conv.name.clone(),
                problem: what.to_string(),
            });
        }
    }
    Ok(fills.into_iter().map(Option::unwrap_or_default).collect())
}

/// Gives each tensor that doesn't lie in another a buffer. One of the same form is taken over from
/// a tensor that is not read any more.
fn allocate(
    network: &Network,
    exports: &[TensorId],
    homes: &Homes,
    forms: &[Form],
) -> (Vec<usize>, Vec<Buffer>) {
    let mut last_use = vec![0; forms.len()];
    for (number, step) in network.steps.iter().enumerate() {
        for tensor in step.reads().into_iter().chain([step.output()]) {
            last_use[homes.of(tensor).0] = number;
        }
    }
    for &tensor in exports {
        last_use[homes.of(tensor).0] = usize::MAX;
    }
    let mut owned = vec![usize::MAX; forms.len()];
    let mut buffers: Vec<Buffer> = Vec::new();
    let mut free: HashMap<Form, Vec<usize>> = HashMap::new();
    let mut give =
        |root: TensorId, owned: &mut Vec<usize>, free: &mut HashMap<Form, Vec<usize>>| {
            if owned[root] != usize::MAX {
                return;
            }
            let (rows, columns, pixel, fill) = forms[root];
            let kept = free.get_mut(&forms[root]).and_then(Vec::pop);
            owned[root] = kept.unwrap_or_else(|| {
                let bytes = (rows + 2) * (columns + 2) * pixel;
                buffers.push(Buffer { bytes, fill });
                buffers.len() - 1
            });
        };
    for &tensor in &network.entries {
        give(homes.of(tensor).0, &mut owned, &mut free);
    }
    for (number, step) in network.steps.iter().enumerate() {
        let picture = matches!(step, Step::Conv(conv) if matches!(conv.then, Then::Picture { .. }));
        let mut used = step.reads();
        if !picture {
            give(homes.of(step.output()).0, &mut owned, &mut free);
            used.push(step.output());
        }
        let mut done: Vec<TensorId> = used.into_iter().map(|tensor| homes.of(tensor).0).collect();
        done.sort_unstable();
        done.dedup();
        for root in done.into_iter().filter(|&root| last_use[root] == number) {
            free.entry(forms[root]).or_default().push(owned[root]);
        }
    }
    (owned, buffers)
}
