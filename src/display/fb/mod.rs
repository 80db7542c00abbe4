//! A Linux framebuffer (`/dev/fb0`), as the kernel's `linux/fb.h` describes it.

use std::ffi::{c_ulong, c_void};
use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::ptr::{self, NonNull};
use std::time::{Duration, Instant};

use rustix::ioctl::{IntegerSetter, Updater, ioctl};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::backlight::{Backlight, dimming};
use super::raster::{Channel, PixelLayout, Raster};
use super::{Brightness, Dimming, Sink, SinkOptions, device_error};
use crate::host::node;
use crate::picture::Picture;
use crate::{Error, ErrorKind, Result};

/// `FBIOGET_VSCREENINFO`: the mode, as [`VarScreenInfo`].
const GET_VAR: rustix::ioctl::Opcode = 0x4600;
/// `FBIOGET_FSCREENINFO`: what the mode implies, as [`FixScreenInfo`].
const GET_FIX: rustix::ioctl::Opcode = 0x4602;

/// `FBIOBLANK`, and two of its values (`FB_BLANK_UNBLANK`, `FB_BLANK_POWERDOWN`).
const BLANK: rustix::ioctl::Opcode = 0x4611;
const UNBLANK: usize = 0;
const POWER_DOWN: usize = 4;

/// `FB_TYPE_PACKED_PIXELS`: each pixel's bits lie together.
const PACKED_PIXELS: u32 = 0;
/// `FB_VISUAL_TRUECOLOR` and `FB_VISUAL_DIRECTCOLOR`: pixels are red, green and blue.
const COLOUR_VISUALS: [u32; 2] = [2, 4];

/// `struct fb_bitfield`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Bitfield {
    offset: u32,
    length: u32,
    msb_right: u32,
}

/// `struct fb_var_screeninfo`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct VarScreenInfo {
    xres: u32,
    yres: u32,
    xres_virtual: u32,
    yres_virtual: u32,
    xoffset: u32,
    yoffset: u32,
    bits_per_pixel: u32,
    grayscale: u32,
    red: Bitfield,
    green: Bitfield,
    blue: Bitfield,
    transp: Bitfield,
    nonstd: u32,
    activate: u32,
    height: u32,
    width: u32,
    accel_flags: u32,
    pixclock: u32,
    left_margin: u32,
    right_margin: u32,
    upper_margin: u32,
    lower_margin: u32,
    hsync_len: u32,
    vsync_len: u32,
    sync: u32,
    vmode: u32,
    rotate: u32,
    colorspace: u32,
    reserved: [u32; 4],
}

/// `struct fb_fix_screeninfo`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct FixScreenInfo {
    id: [u8; 16],
    smem_start: c_ulong,
    smem_len: u32,
    kind: u32,
    type_aux: u32,
    visual: u32,
    xpanstep: u16,
    ypanstep: u16,
    ywrapstep: u16,
    line_length: u32,
    mmio_start: c_ulong,
    mmio_len: u32,
    accel: u32,
    capabilities: u16,
    reserved: [u16; 2],
}

/// Where the visible pixels lie in the framebuffer's memory, and in which form.
fn raster(var: &VarScreenInfo, fix: &FixScreenInfo) -> Result<Raster> {
    let fields = [var.red, var.green, var.blue, var.transp];
    let plain = fix.kind == PACKED_PIXELS
        && COLOUR_VISUALS.contains(&fix.visual)
        && var.grayscale == 0
        && fields.iter().all(|field| field.msb_right == 0);
    // Palettes are 8 bits a pixel or fewer, for which the layout's error says what to do.
    if !plain && matches!(var.bits_per_pixel, 16 | 24 | 32) {
        let message = format!(
            "unsupported pixels: type {}, visual {}, grayscale {}",
            fix.kind, fix.visual, var.grayscale
        );
        return Err(Error::new(ErrorKind::Device, message).remedy("use --sink drm or window"));
    }
    let channels = fields.map(|field| Channel {
        offset: field.offset,
        length: field.length,
    });
    let layout = PixelLayout::new(var.bits_per_pixel, channels)?;
    let pitch = fix.line_length as usize;
    let start = (var.yoffset as usize)
        .checked_mul(pitch)
        .and_then(|rows| rows.checked_add((var.xoffset as usize).checked_mul(layout.bytes)?))
        .ok_or_else(|| Error::new(ErrorKind::Device, "its offsets are out of range"))?;
    let raster = Raster {
        layout,
        width: var.xres,
        height: var.yres,
        pitch,
        start,
    };
    raster.check(fix.smem_len as usize)?;
    Ok(raster)
}

/// The framebuffer's memory in this process.
struct Mapping {
    start: NonNull<c_void>,
    length: usize,
}

impl Mapping {
    fn new(file: &File, length: usize) -> Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice; nothing else refers to it.
        let start = unsafe {
            let access = ProtFlags::READ | ProtFlags::WRITE;
            mmap(ptr::null_mut(), length, access, MapFlags::SHARED, file, 0)
        }
        .map_err(|error| device_error("cannot map its memory", error))?;
        match NonNull::new(start) {
            Some(start) => Ok(Mapping { start, length }),
            None => Err(Error::new(ErrorKind::Device, "cannot map its memory")),
        }
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: `start` is a live mapping of `length` bytes, readable and writable, that only
        // this value refers to; every bit pattern is a byte.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().cast(), self.length) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping was made with this length, and no slice of it outlives `self`.
        let unmapped = unsafe { munmap(self.start.as_ptr(), self.length) };
        if let Err(error) = unmapped {
            log::warn!("framebuffer: munmap: {error}");
        }
    }
}

/// How often all rows are written, also those that have not changed: the kernel and other programs
/// write messages into the same memory.
const WHOLE_EVERY: Duration = Duration::from_secs(1);

struct MappedFramebuffer {
    path: PathBuf,
    id: String,
    file: File,
    var: VarScreenInfo,
    raster: Raster,
    memory: Mapping,
    /// The visible rows as they were before, to leave the display so.
    previous: Vec<u8>,
    shown: Shown,
    backlight: Option<Backlight>,
    /// Whether the driver has switched the display off.
    is_off: bool,
}

/// What the display shows.
#[derive(Default)]
struct Shown {
    picture: Picture,
    /// When all of its rows were written.
    written: Option<Instant>,
}

impl Shown {
    /// Draws `picture` at the time `now`: the rows that have changed, or all of them once a second.
    fn draw(&mut self, raster: &Raster, picture: &Picture, memory: &mut [u8], now: Instant) {
        match self.written {
            Some(then) if now.saturating_duration_since(then) < WHOLE_EVERY => {
                raster.draw_changes(picture, &self.picture, memory);
            }
            _ => {
                raster.draw(picture, memory);
                self.written = Some(now);
            }
        }
        self.picture.copy_from(picture);
    }
}

impl Drop for MappedFramebuffer {
    fn drop(&mut self) {
        self.switch(false);
        // In another mode the memory means something else.
        if var_info(&self.file).is_ok_and(|var| var == self.var) {
            self.memory.bytes()[self.raster.range()].copy_from_slice(&self.previous);
        }
    }
}

pub(super) fn open(argument: &str, _: &SinkOptions) -> Result<Box<dyn Sink>> {
    let path = Path::new(if argument.is_empty() {
        "/dev/fb0"
    } else {
        argument
    });
    let absent = "this board has no framebuffer there: `face8x list` shows the displays";
    let file = node::open(path, absent)?;
    let sink = MappedFramebuffer::new(path, file).map_err(|error| error.context(path.display()))?;
    Ok(Box::new(sink))
}

impl MappedFramebuffer {
    fn new(path: &Path, file: File) -> Result<Self> {
        let var = var_info(&file)?;
        let fix = fix_info(&file)?;
        let raster = raster(&var, &fix)?;
        let mut memory = Mapping::new(&file, fix.smem_len as usize)?;
        let previous = memory.bytes()[raster.range()].to_vec();
        let id = fix.id.split(|&byte| byte == 0).next().unwrap_or_default();
        let id = String::from_utf8_lossy(id).into_owned();
        Ok(MappedFramebuffer {
            path: path.to_owned(),
            id,
            file,
            var,
            raster,
            memory,
            previous,
            shown: Shown::default(),
            backlight: Backlight::find(),
            is_off: false,
        })
    }
}

impl MappedFramebuffer {
    /// Switches the display off or on, where the driver can.
    fn switch(&mut self, off: bool) -> bool {
        if self.is_off == off {
            return true;
        }
        let value = if off { POWER_DOWN } else { UNBLANK };
        // SAFETY: FBIOBLANK takes its value as the argument itself, and no pointer.
        let switched = unsafe { ioctl(&self.file, IntegerSetter::<BLANK>::new_usize(value)) };
        match switched {
            Ok(()) => self.is_off = off,
            // Drivers of a boot loader's framebuffer cannot.
            Err(error) => log::debug!("{}: FBIOBLANK: {error}", self.path.display()),
        }
        switched.is_ok()
    }
}

fn var_info(file: &impl AsFd) -> Result<VarScreenInfo> {
    let mut var = VarScreenInfo::default();
    // SAFETY: FBIOGET_VSCREENINFO writes one fb_var_screeninfo, which `var` is.
    unsafe { ioctl(file, Updater::<GET_VAR, _>::new(&mut var)) }
        .map_err(|error| not_framebuffer("FBIOGET_VSCREENINFO", error))?;
    Ok(var)
}

fn fix_info(file: &impl AsFd) -> Result<FixScreenInfo> {
    let mut fix = FixScreenInfo::default();
    // SAFETY: FBIOGET_FSCREENINFO writes one fb_fix_screeninfo, which `fix` is.
    unsafe { ioctl(file, Updater::<GET_FIX, _>::new(&mut fix)) }
        .map_err(|error| not_framebuffer("FBIOGET_FSCREENINFO", error))?;
    Ok(fix)
}

fn not_framebuffer(request: &str, error: rustix::io::Errno) -> Error {
    device_error(request, error).remedy("name a framebuffer: `face8x list` shows the displays")
}

impl Sink for MappedFramebuffer {
    fn describe(&self) -> String {
        format!(
            "fb:{} {}x{} at {} bits ({})",
            self.path.display(),
            self.var.xres,
            self.var.yres,
            self.var.bits_per_pixel,
            self.id
        )
    }

    fn size(&self) -> Option<(u32, u32)> {
        Some((self.raster.width, self.raster.height))
    }

    fn present(&mut self, picture: &Picture) -> Result<()> {
        // Another program may set another mode at any time, and the memory's form with it.
        let var = var_info(&self.file).map_err(|error| error.context(self.path.display()))?;
        if var != self.var {
            let message = format!("{} has changed its mode", self.path.display());
            return Err(Error::new(ErrorKind::Device, message));
        }
        let memory = self.memory.bytes();
        self.shown
            .draw(&self.raster, picture, memory, Instant::now());
        Ok(())
    }

    fn set_brightness(&mut self, brightness: Brightness) -> Result<Dimming> {
        let switched = self.switch(brightness == Brightness::Off);
        Ok(dimming(switched, self.backlight.as_mut(), brightness))
    }
}

#[cfg(test)]
mod tests;
