//! What the tests of several rooms share.

pub(crate) mod celeba;
pub(crate) mod reference;
pub(crate) mod scene;
pub(crate) mod walk;
