//! Tests of the alignment.

mod properties;
mod resampling;
