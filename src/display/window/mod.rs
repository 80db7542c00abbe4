//! A window on Wayland or X11, with winit for the window and softbuffer for its pixels.
//!
//! Everything happens in the caller's thread, whenever it presents a picture or asks for an event.

mod shape;
mod system;

use std::cell::Cell;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::{Duration, Instant};

use winit::application::ApplicationHandler;
use winit::dpi::PhysicalSize;
use winit::event::{ElementState, KeyEvent, WindowEvent};
use winit::event_loop::{ActiveEventLoop, EventLoop, OwnedDisplayHandle};
use winit::keyboard::{Key, NamedKey};
use winit::platform::pump_events::{EventLoopExtPumpEvents, PumpStatus};
use winit::platform::{wayland, x11};
use winit::window::{Fullscreen, Window, WindowAttributes, WindowId};

use self::shape::WindowShape;
use self::system::{Answer, Desktop, DisplayServer, find_system};
use super::raster::Centred;
use super::{Audience, Sink, SinkOptions, UserEvent, device_error};
use crate::picture::Picture;
use crate::{Error, ErrorKind, Result};
use face8x_core::contain;

/// A Wayland compositor that does not ask for a picture within this time hides the window, and the
/// picture is skipped. (softbuffer would wait for ever.)
const HIDDEN_AFTER: Duration = Duration::from_millis(50);

thread_local! {
    /// winit allows one event loop in the life of a process, so it is kept here from the closing
    /// of a window to the opening of the next.
    static EVENT_LOOP: Cell<Option<&'static mut EventLoop<()>>> = const { Cell::new(None) };
}

struct WindowSink {
    /// `None` only while it is dropped.
    event_loop: Option<&'static mut EventLoop<()>>,
    app: App,
    system: DisplayServer,
}

/// The state that the event loop and the sink share.
struct App {
    /// The window that is to be made, but for its size.
    wanted: Option<(WindowAttributes, WindowShape)>,
    made: Option<Result<OpenWindow>>,
    size: PhysicalSize<u32>,
    /// The window system wants a picture.
    ready: bool,
    events: VecDeque<UserEvent>,
}

/// A window and its pixels.
struct OpenWindow {
    window: Rc<Window>,
    surface: softbuffer::Surface<OwnedDisplayHandle, Rc<Window>>,
}

pub(super) fn open(argument: &str, options: &SinkOptions) -> Result<Box<dyn Sink>> {
    let shape = WindowShape::parse(argument, options)?;
    let Answer { system, connection } = find_system(Desktop::of_environment())?;
    let wanted = Window::default_attributes().with_title(&options.title);
    let mut sink = WindowSink {
        event_loop: Some(event_loop(system)?),
        app: App {
            wanted: Some((wanted, shape)),
            made: None,
            size: PhysicalSize::default(),
            ready: false,
            events: VecDeque::new(),
        },
        system,
    };
    sink.pump(Duration::ZERO)?;
    drop(connection);
    match &sink.app.made {
        Some(Ok(_)) => Ok(Box::new(sink)),
        Some(Err(error)) => Err(error.clone()),
        None => {
            let message = format!("{system:?} has not opened a window");
            Err(Error::new(ErrorKind::Device, message))
        }
    }
}

/// The event loop of this process.
fn event_loop(system: DisplayServer) -> Result<&'static mut EventLoop<()>> {
    if let Some(kept) = EVENT_LOOP.take() {
        return Ok(kept);
    }
    let built = contain(|| {
        let mut builder = EventLoop::builder();
        match system {
            DisplayServer::Wayland => {
                wayland::EventLoopBuilderExtWayland::with_wayland(&mut builder)
            }
            DisplayServer::X11 => x11::EventLoopBuilderExtX11::with_x11(&mut builder),
        };
        x11::EventLoopBuilderExtX11::with_any_thread(&mut builder, true);
        builder.build()
    });
    match built {
        Ok(Ok(event_loop)) => Ok(Box::leak(Box::new(event_loop))),
        Ok(Err(error)) => Err(device_error(format!("{system:?}"), error)
            .remedy("start face8x again, or use --sink drm")),
        // winit panics where the X server lacks an extension (XInput 2 or XKB).
        Err(_) => {
            let message = format!("{system:?} lacks an extension that a window needs");
            Err(Error::new(ErrorKind::Device, message)
                .remedy("use another X server, or --sink drm"))
        }
    }
}

impl WindowSink {
    /// Lets the event loop run until it has nothing more to do, waiting at most `wait` for
    /// something to do.
    fn pump(&mut self, wait: Duration) -> Result<()> {
        let Some(event_loop) = &mut self.event_loop else {
            return Ok(());
        };
        match event_loop.pump_app_events(Some(wait), &mut self.app) {
            PumpStatus::Continue => Ok(()),
            PumpStatus::Exit(_) => {
                let message = format!("{:?} is gone", self.system);
                Err(Error::new(ErrorKind::Device, message)
                    .remedy("start face8x again on a running desktop"))
            }
        }
    }

    fn draw(&mut self, picture: &Picture) -> std::result::Result<(), softbuffer::SoftBufferError> {
        let Some(Ok(OpenWindow { window, surface })) = &mut self.app.made else {
            return Ok(());
        };
        let PhysicalSize { width, height } = self.app.size;
        let (Some(columns), Some(rows)) = (NonZeroU32::new(width), NonZeroU32::new(height)) else {
            return Ok(());
        };
        surface.resize(columns, rows)?;
        let mut pixels = surface.buffer_mut()?;
        let centred = Centred::new(picture, width, height);
        for (y, out) in (0..height).zip(pixels.chunks_exact_mut(width as usize)) {
            let (left, row) = centred.row(y);
            let right = left + row.len();
            out[..left].fill(0);
            out[left..right].copy_from_slice(row);
            out[right..].fill(0);
        }
        window.pre_present_notify();
        pixels.present()?;
        self.app.ready = false;
        window.request_redraw();
        Ok(())
    }
}

impl Sink for WindowSink {
    fn describe(&self) -> String {
        let PhysicalSize { width, height } = self.app.size;
        format!("window {width}x{height} on {:?}", self.system)
    }

    fn audience(&self) -> Audience {
        Audience::Operator
    }

    fn size(&self) -> Option<(u32, u32)> {
        Some((self.app.size.width, self.app.size.height))
    }

    fn present(&mut self, picture: &Picture) -> Result<()> {
        self.pump(Duration::ZERO)?;
        let deadline = Instant::now() + HIDDEN_AFTER;
        while !self.app.ready {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.pump(left)?;
        }
        self.draw(picture).map_err(|error| {
            let message = format!("{:?}: {error}", self.system);
            Error::new(ErrorKind::Device, message)
        })
    }

    fn poll_event(&mut self) -> Option<UserEvent> {
        if self.app.events.is_empty()
            && let Err(error) = self.pump(Duration::ZERO)
        {
            // The next picture meets the same error, and reports it.
            log::debug!("{error}");
        }
        self.app.events.pop_front()
    }
}

impl Drop for WindowSink {
    fn drop(&mut self) {
        self.app.made = None;
        if let Err(error) = self.pump(Duration::ZERO) {
            log::debug!("{error}");
        }
        let event_loop = self.event_loop.take();
        // Where the thread is ending there is no next window.
        let _ = EVENT_LOOP.try_with(|kept| kept.set(event_loop));
    }
}

impl App {
    fn make(
        &mut self,
        event_loop: &ActiveEventLoop,
        wanted: WindowAttributes,
        shape: WindowShape,
    ) -> Result<OpenWindow> {
        let failed = |error: &dyn std::error::Error| {
            Error::new(ErrorKind::Device, format!("no window: {error}"))
        };
        // Wayland has no primary monitor.
        let primary = event_loop.primary_monitor();
        let monitor = primary.or_else(|| event_loop.available_monitors().next());
        let (size, fills) = shape.on(monitor.map(|monitor| monitor.size().into()));
        let full = (shape == WindowShape::Fullscreen).then_some(Fullscreen::Borderless(None));
        let wanted = wanted
            .with_inner_size(PhysicalSize::<u32>::from(size))
            .with_maximized(fills)
            .with_fullscreen(full);
        let window = event_loop
            .create_window(wanted)
            .map_err(|error| failed(&error))?;
        let window = Rc::new(window);
        let context = softbuffer::Context::new(event_loop.owned_display_handle())
            .map_err(|error| failed(&error))?;
        let surface =
            softbuffer::Surface::new(&context, window.clone()).map_err(|error| failed(&error))?;
        self.size = window.inner_size();
        window.request_redraw();
        Ok(OpenWindow { window, surface })
    }
}

impl ApplicationHandler for App {
    /// Does nothing: it comes once, and windows are also made later, in `about_to_wait`.
    fn resumed(&mut self, _: &ActiveEventLoop) {}

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        if let Some((wanted, shape)) = self.wanted.take() {
            self.made = Some(self.make(event_loop, wanted, shape));
        }
    }

    fn window_event(&mut self, _: &ActiveEventLoop, id: WindowId, event: WindowEvent) {
        let window = match &self.made {
            Some(Ok(made)) if made.window.id() == id => &made.window,
            // Events of a window that was closed may still come.
            _ => return,
        };
        match event {
            WindowEvent::Resized(size) => self.size = size,
            WindowEvent::RedrawRequested => self.ready = true,
            WindowEvent::CloseRequested => self.events.push_back(UserEvent::Quit),
            // A synthetic press is of a key that was held down when the window got the focus.
            WindowEvent::KeyboardInput {
                event,
                is_synthetic: false,
                ..
            } => match meaning(&event) {
                Some(UserEvent::Fullscreen(_)) => {
                    let on = window.fullscreen().is_none();
                    window.set_fullscreen(on.then_some(Fullscreen::Borderless(None)));
                    self.events.push_back(UserEvent::Fullscreen(on));
                }
                asked => self.events.extend(asked),
            },
            _ => {}
        }
    }
}

/// What a key asks for, once each time that it is pressed.
fn meaning(key: &KeyEvent) -> Option<UserEvent> {
    if key.state != ElementState::Pressed || key.repeat {
        return None;
    }
    match &key.logical_key {
        Key::Named(NamedKey::Escape) => Some(UserEvent::Quit),
        Key::Named(NamedKey::F1) => Some(UserEvent::Help),
        Key::Named(NamedKey::F11) => Some(UserEvent::Fullscreen(true)),
        Key::Character(text) => match text.to_lowercase().as_str() {
            "q" => Some(UserEvent::Quit),
            "v" => Some(UserEvent::NextView),
            "f" => Some(UserEvent::Freeze),
            "m" => Some(UserEvent::Mirror),
            "s" => Some(UserEvent::Save),
            "?" => Some(UserEvent::Help),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
