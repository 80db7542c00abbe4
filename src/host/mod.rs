//! The machine that the program runs on, and what runs it: facts about the board, its devices and
//! what is wrong with them, the service manager, a push button, and the status for other programs.

pub mod board;
pub(crate) mod button;
pub(crate) mod cpu_list;
pub(crate) mod devices;
pub(crate) mod doctor;
pub(crate) mod http;
#[cfg(face8x_neon)]
mod neon;
pub(crate) mod node;
pub(crate) mod service;
pub(crate) mod status;
