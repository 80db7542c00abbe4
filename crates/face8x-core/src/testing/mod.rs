//! What the tests of several rooms share.

pub mod reference;
pub mod scene;
