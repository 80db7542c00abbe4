//! The end of a packed file: an index as JSON, its CRC-32, its length (u64), eight magic bytes.
//! All numbers are little-endian.

use face8x_core::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::files::Atomic;

/// Appends the index and all that follows it.
///
/// # Errors
/// The disk is full.
pub fn write(file: &mut Atomic, index: &impl Serialize, magic: &[u8; 8]) -> Result<()> {
    let json = serde_json::to_vec(index)
        .map_err(|error| Error::other(format!("cannot write the index: {error}")))?;
    file.write(&json)?;
    file.write(&crc32fast::hash(&json).to_le_bytes())?;
    file.write(&(json.len() as u64).to_le_bytes())?;
    file.write(magic)
}

/// The index of a file's content, and the length of what stands before it.
///
/// # Errors
/// Says what is damaged.
pub fn read<T: DeserializeOwned>(
    bytes: &[u8],
    magic: &[u8; 8],
) -> std::result::Result<(T, usize), String> {
    let short = || "it is too short".to_owned();
    let (rest, end) = bytes.split_last_chunk::<8>().ok_or_else(short)?;
    if end != magic {
        return Err("it does not end as it should".into());
    }
    let (rest, len) = rest.split_last_chunk::<8>().ok_or_else(short)?;
    let (rest, crc) = rest.split_last_chunk::<4>().ok_or_else(short)?;
    let start = usize::try_from(u64::from_le_bytes(*len))
        .ok()
        .and_then(|len| rest.len().checked_sub(len))
        .ok_or("its index is longer than the file")?;
    let json = &rest[start..];
    if crc32fast::hash(json) != u32::from_le_bytes(*crc) {
        return Err("the checksum of its index is wrong".into());
    }
    let index = serde_json::from_slice(json)
        .map_err(|error| format!("its index cannot be read: {error}"))?;
    Ok((index, start))
}
