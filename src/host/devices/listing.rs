//! The inventory as `face8x list` prints it; the alternate form (`{:#}`) is that of `list -v`.

use std::fmt;

use super::{Devices, VideoNode};
use crate::Error;

impl fmt::Display for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "cameras")?;
        match self.video_nodes.as_slice() {
            _ if !self.drivers_asked => writeln!(f, "  this build has no V4L2 cameras")?,
            [] => writeln!(f, "  no video nodes")?,
            nodes => nodes.iter().try_for_each(|node| camera(f, node))?,
        }
        writeln!(
            f,
            "  CSI cameras: rpicam://0 on a Raspberry Pi, argus://0 on a Jetson"
        )?;
        writeln!(f, "\ndisplays")?;
        self.displays(f)
    }
}

fn camera(f: &mut fmt::Formatter<'_>, node: &VideoNode) -> fmt::Result {
    write!(f, "  {}", node.path.display())?;
    if let Some(name) = &node.name {
        write!(f, "  {name}")?;
    }
    if let Some(driver) = &node.driver {
        write!(f, " ({driver})")?;
    }
    writeln!(f)?;
    if let Some(by_id) = &node.by_id {
        writeln!(f, "    {}", by_id.display())?;
    }
    for offer in &node.offers {
        writeln!(f, "    {offer}")?;
    }
    if f.alternate() {
        for control in &node.controls {
            writeln!(f, "    --control {control}")?;
        }
    }
    match &node.unusable {
        Some(reason) => writeln!(f, "    not usable: {reason}"),
        None => Ok(()),
    }
}

impl Devices {
    fn displays(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for window in &self.windows {
            let (system, name) = (window.system, &window.name);
            row(
                f,
                "window",
                &format!("{system} display {name}"),
                window.problem.as_ref(),
            )?;
        }
        for connector in &self.connectors {
            let (name, status) = (&connector.name, &connector.status);
            let mut detail = format!("{name} on {}, {status}", connector.card.path.display());
            if let Some(driver) = &connector.driver {
                detail += &format!(" ({driver})");
            }
            row(
                f,
                &format!("drm:{name}"),
                &detail,
                connector.problem().as_ref(),
            )?;
        }
        for framebuffer in &self.framebuffers {
            let or = |fact: &Option<String>, unknown: &str| {
                fact.clone().unwrap_or_else(|| unknown.to_owned())
            };
            let detail = format!(
                "framebuffer {} at {} bits ({})",
                or(&framebuffer.size, "size unknown"),
                or(&framebuffer.bits, "?"),
                or(&framebuffer.name, "?")
            );
            let node = &framebuffer.node;
            let uri = format!("fb:{}", node.path.display());
            row(f, &uri, &detail, node.problem().as_ref())?;
        }
        for bus in &self.spi {
            let uri = format!("spi:MODEL,dev={},dc=PIN", bus.path.display());
            row(f, &uri, "SPI bus", bus.problem().as_ref())?;
        }
        for chip in &self.gpio {
            let path = chip.path.display().to_string();
            row(f, &path, "GPIO chip", chip.problem().as_ref())?;
        }
        let found = self.windows.len()
            + self.connectors.len()
            + self.framebuffers.len()
            + self.spi.len()
            + self.gpio.len();
        match found {
            0 => writeln!(f, "  none; png:FILE writes pictures"),
            _ => Ok(()),
        }
    }
}

fn row(
    f: &mut fmt::Formatter<'_>,
    uri: &str,
    detail: &str,
    problem: Option<&Error>,
) -> fmt::Result {
    writeln!(f, "  {uri}  {detail}")?;
    match problem {
        Some(problem) => writeln!(f, "    not usable: {problem}"),
        None => Ok(()),
    }
}
