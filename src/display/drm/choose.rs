//! Which connector, mode and CRTC to use.

use crate::{Error, ErrorKind, Result};

/// What a card says about one of its connectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CardConnector {
    /// Such as "HDMI-A-1".
    pub name: String,
    /// Whether a display is connected, where the driver can tell.
    pub connected: Option<bool>,
    /// Width and height of each mode, and whether the display prefers it; the kernel puts the best
    /// first.
    pub modes: Vec<((u16, u16), bool)>,
    /// The CRTCs that it may take its picture from, by their index in the card's list.
    pub crtcs: Vec<usize>,
    /// The one that it takes it from now.
    pub current: Option<usize>,
}

/// What the user asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Wish {
    pub connector: Option<String>,
    pub size: Option<(u16, u16)>,
}

impl Wish {
    /// The card's path, where there is one, and the wish, of "/dev/dri/card1@1280x720",
    /// "HDMI-A-1@1280x720" or parts of them.
    pub(crate) fn parse(argument: &str) -> Result<(Option<&str>, Wish)> {
        let (place, size) = match argument.split_once('@') {
            Some((place, size)) => (place, Some(size)),
            None => (argument, None),
        };
        let parsed = size.map(|size| {
            size.split_once('x')
                .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)))
                .ok_or_else(|| {
                    Error::usage(format!("invalid display size {size:?}"))
                        .remedy("write it like drm:HDMI-A-1@1280x720")
                })
        });
        let size = parsed.transpose()?;
        let path = place.starts_with('/').then_some(place);
        let named = path.is_none() && !place.is_empty();
        Ok((
            path,
            Wish {
                connector: named.then(|| place.to_owned()),
                size,
            },
        ))
    }
}

/// Indices into the connectors, the connector's modes and the card's CRTCs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DrmChoice {
    pub connector: usize,
    pub mode: usize,
    pub crtc: usize,
}

/// Chooses the wished connector, or the first with a display (or else the first of which that is
/// not known); its mode of the wished size, or the preferred or else the first one; and the CRTC
/// that it has, or else a free one.
///
/// # Errors
/// There is no such connector or mode, nothing is connected, or no CRTC can feed it.
pub(super) fn choose(connectors: &[CardConnector], wish: &Wish) -> Result<DrmChoice> {
    let connector = match &wish.connector {
        Some(name) => wished(connectors, name)?,
        None => {
            let with = |state| {
                connectors
                    .iter()
                    .position(|c| c.connected == state && !c.modes.is_empty())
            };
            with(Some(true))
                .or_else(|| with(None))
                .ok_or_else(|| nothing_connected(connectors))?
        }
    };
    let CardConnector {
        name,
        modes,
        crtcs,
        current,
        ..
    } = &connectors[connector];
    let mode = wished_mode(name, modes, wish.size)?;
    let taken = |crtc: usize| {
        connectors
            .iter()
            .enumerate()
            .any(|(i, c)| i != connector && c.current == Some(crtc))
    };
    let free = crtcs.iter().copied().find(|&crtc| !taken(crtc));
    let crtc = current
        .or(free)
        .or_else(|| crtcs.first().copied())
        .ok_or_else(|| no_display(format!("no CRTC can feed {name}")))?;
    Ok(DrmChoice {
        connector,
        mode,
        crtc,
    })
}

/// The connector's mode of the wished size, or else the preferred or the first one.
fn wished_mode(
    name: &str,
    modes: &[((u16, u16), bool)],
    size: Option<(u16, u16)>,
) -> Result<usize> {
    let Some((width, height)) = size else {
        let preferred = modes.iter().position(|&(_, preferred)| preferred);
        return Ok(preferred.unwrap_or(0));
    };
    let found = modes.iter().position(|mode| mode.0 == (width, height));
    found.ok_or_else(|| {
        let sizes = modes
            .iter()
            .map(|((width, height), _)| format!("{width}x{height}"));
        let sizes: Vec<String> = sizes.collect();
        no_display(format!("{name} has no mode of {width}x{height}"))
            .remedy(format!("choose one of {}", sizes.join(", ")))
    })
}

/// The connector of that name in any case, which must have something to show on.
fn wished(connectors: &[CardConnector], name: &str) -> Result<usize> {
    let Some(found) = connectors
        .iter()
        .position(|c| c.name.eq_ignore_ascii_case(name))
    else {
        let names: Vec<&str> = connectors.iter().map(|c| c.name.as_str()).collect();
        return Err(Error::unknown("connector", name, &names));
    };
    let connector = &connectors[found];
    if connector.connected == Some(false) || connector.modes.is_empty() {
        return Err(
            no_display(format!("nothing is connected to {}", connector.name))
                .remedy("connect a display and switch it on"),
        );
    }
    Ok(found)
}

fn no_display(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Device, message)
}

fn nothing_connected(connectors: &[CardConnector]) -> Error {
    let names: Vec<&str> = connectors.iter().map(|c| c.name.as_str()).collect();
    if names.is_empty() {
        return no_display("it has no connectors").remedy("use another card: `face8x list`");
    }
    no_display(format!("no display is connected to {}", names.join(", ")))
        .remedy("connect a display and switch it on")
}
