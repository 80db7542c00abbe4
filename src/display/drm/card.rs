//! A DRM card and what it says about its connectors.

use std::fmt::Display;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use ::drm::control::{Device as _, ModeTypeFlags, ResourceHandles, connector, property};
use rustix::io::Errno;

use super::choose::CardConnector;
use crate::Error;
use crate::display::device_error;
use crate::host::board::names;
use crate::host::node;

/// An open card.
pub(super) struct Card {
    pub file: File,
    pub path: PathBuf,
}

impl AsFd for Card {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl ::drm::Device for Card {}
impl ::drm::control::Device for Card {}

impl Card {
    /// The connector's property of this name.
    pub(super) fn property(
        &self,
        connector: connector::Handle,
        name: &str,
    ) -> Option<property::Handle> {
        let properties = self.get_properties(connector).ok()?;
        let (handles, _) = properties.as_props_and_values();
        handles.iter().copied().find(|&handle| {
            let info = self.get_property(handle);
            info.is_ok_and(|info| info.name().to_str() == Ok(name))
        })
    }

    /// `what` failed with `cause`.
    pub(crate) fn error(&self, what: impl Display, cause: io::Error) -> Error {
        match Errno::from_io_error(&cause) {
            // Only the master may set modes, and there is one at a time.
            Some(Errno::ACCESS | Errno::PERM | Errno::BUSY) => node::busy(&self.path),
            _ => device_error(format!("{}: {what}", self.path.display()), cause),
        }
    }
}

/// The cards in a folder by their numbers.
pub(super) fn cards(folder: &Path) -> Vec<PathBuf> {
    let names = names(folder, "card");
    names.iter().map(|name| folder.join(name)).collect()
}

/// What the card says about each of its connectors.
pub(super) fn connectors(
    card: &Card,
    resources: &ResourceHandles,
) -> Vec<(connector::Info, CardConnector)> {
    let crtc_index = |handle| resources.crtcs().iter().position(|&crtc| crtc == handle);
    let infos = resources.connectors().iter().filter_map(|&handle| {
        card.get_connector(handle, true)
            .inspect_err(|error| log::debug!("connector {handle:?}: {error}"))
            .ok()
    });
    infos
        .map(|info| {
            let encoder = |handle| card.get_encoder(handle).ok();
            let possible = info.encoders().iter().filter_map(|&handle| encoder(handle));
            let crtcs = possible
                .flat_map(|encoder| resources.filter_crtcs(encoder.possible_crtcs()))
                .filter_map(crtc_index)
                .collect();
            let current = info.current_encoder().and_then(encoder);
            let fact = CardConnector {
                name: format!("{}-{}", info.interface().as_str(), info.interface_id()),
                connected: match info.state() {
                    connector::State::Connected => Some(true),
                    connector::State::Disconnected => Some(false),
                    connector::State::Unknown => None,
                },
                modes: info
                    .modes()
                    .iter()
                    .map(|mode| {
                        (
                            mode.size(),
                            mode.mode_type().contains(ModeTypeFlags::PREFERRED),
                        )
                    })
                    .collect(),
                crtcs,
                current: current
                    .and_then(|encoder| encoder.crtc())
                    .and_then(crtc_index),
            };
            (info, fact)
        })
        .collect()
}
