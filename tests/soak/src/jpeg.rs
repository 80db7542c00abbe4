//! Damaged JPEG pictures, as bad cables and dying cameras send them.

use crate::faults::SplitMix64;

/// An undamaged JPEG picture: the demo's portrait.
const PICTURE: &[u8] = face8x_core::portrait::PORTRAIT;

/// The kinds of damage.
const KINDS: u64 = 5;

/// Whether the damage that `random` decides on must be noticed: a decoder cannot tell every wrong
/// byte from a right one.
pub(crate) fn is_plain(mut random: SplitMix64) -> bool {
    random.below(KINDS) != KINDS - 1
}

/// Puts a damaged picture into `bytes`.
pub(crate) fn damaged(random: &mut SplitMix64, bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.extend_from_slice(PICTURE);
    let length = PICTURE.len() as u64;
    match random.below(KINDS) {
        // Cut off.
        0 => bytes.truncate(random.below(length) as usize),
        // Without its beginning.
        1 => drop(bytes.drain(..1 + random.below(length / 2) as usize)),
        // Of a size that would take 12 GB, and one of 192 MB that passes for a size.
        2 => resize(bytes, 65500, 65500),
        3 => resize(bytes, 8000, 8000),
        // With a hundred wrong bytes; the decoder may not notice all of them.
        _ => {
            for _ in 0..100 {
                let at = random.below(length) as usize;
                bytes[at] ^= 1 + random.below(255) as u8;
            }
        }
    }
}

/// Writes another size into the frame header (T.81, B.2.2: marker, length, precision, lines, samples
/// a line).
fn resize(bytes: &mut [u8], width: u16, height: u16) {
    let header = bytes
        .windows(2)
        .position(|pair| matches!(pair, [0xff, 0xc0..=0xc2]));
    if let Some(size) = header.and_then(|at| bytes.get_mut(at + 5..at + 9)) {
        size[..2].copy_from_slice(&height.to_be_bytes());
        size[2..].copy_from_slice(&width.to_be_bytes());
    }
}
