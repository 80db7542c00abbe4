//! The machine that the program runs on, and what runs it: facts about the board, its devices and
//! what is wrong with them, the service manager, a push button, and the status for other programs.

pub mod board;
pub mod button;
pub mod devices;
pub mod doctor;
pub(crate) mod http;
pub(crate) mod node;
pub mod service;
pub mod status;
