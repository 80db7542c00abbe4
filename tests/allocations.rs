//! Nothing on the hot path allocates after the first frames.
//!
//! The work thread's allocations are watched while the whole pipeline runs on the demo source with
//! the face detector and the bicubic restorer, in every view. (tract's own operators allocate
//! their results, and the JPEG decoder of MJPG cameras its tables: neither is ours.)

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};

use face8x::internals::compose::View;
use face8x::internals::config::RunOptions;
use face8x::internals::pipeline::{LoopStep, Pipeline};

struct Watching;

thread_local! {
    /// Whether the next allocation is to leave its backtrace in `CULPRIT`.
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static CULPRIT: RefCell<Option<Backtrace>> = const { RefCell::new(None) };
}

fn watch() {
    // (A backtrace allocates, too: that one is not watched.)
    if WATCHED.replace(false) {
        let culprit = Backtrace::force_capture();
        CULPRIT.with_borrow_mut(|slot| *slot = Some(culprit));
    }
}

/// Runs `work`, in which this thread must not allocate.
fn without_allocations(what: &str, work: impl FnOnce()) {
    WATCHED.set(true);
    work();
    WATCHED.set(false);
    if let Some(culprit) = CULPRIT.take() {
        panic!("{what}: the first allocation is that of\n{culprit}");
    }
}

// SAFETY: every call goes to the system's allocator unchanged; watching touches only cells of this
// thread that need no allocation, and the one with a destructor only in `without_allocations`.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        watch();
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        watch();
        // SAFETY: the caller keeps `realloc`'s contract.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `dealloc`'s contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watching = Watching;

/// Turns until this many frames were shown.
fn show(pipeline: &mut Pipeline, frames: u64) {
    let mut shown = 0;
    while shown < frames {
        shown += u64::from(pipeline.step() == LoopStep::Shown);
    }
}

/// The fused operators keep every buffer. (What is watched is this thread: the others only
/// compute.)
#[test]
fn the_embedded_network_does_not_allocate() {
    let mut restorer = face8x_core::restore::open("int8", None, 2).unwrap();
    let lr = [77; 16 * 16 * 3];
    let mut sr = Box::new([0; 128 * 128]);
    restorer.restore(&lr, &mut sr).unwrap();
    without_allocations("20 runs of the network", || {
        for _ in 0..20 {
            restorer.restore(&lr, &mut sr).unwrap();
        }
    });
}

#[test]
fn the_hot_path_does_not_allocate() {
    WATCHED.set(true);
    std::hint::black_box(vec![0_u8; 100]);
    assert!(CULPRIT.take().is_some(), "the allocator is not watched");

    for view in View::ALL {
        // The demo's face is as large as it is shown; the fixed one is small, so that it is corrected.
        for (rotate, detector) in [("0", "auto"), ("90", "auto"), ("0", "box:300,220,24,24")] {
            let mut options = RunOptions::with(&[
                ("source", "demo:"),
                ("sink", "null"),
                ("restorer", "bicubic"),
                ("view", view.name()),
                ("rotate", rotate),
                ("detector", detector),
                ("info-text", "%fps %latency %skipped %faces %temp %time"),
                // As fast as the work thread keeps up with: the tracker follows no leaps.
                ("fps", "150"),
                ("tracks", "/dev/null"),
            ])
            .unwrap();
            if rotate == "90" {
                options.set("camera-flip", "h").unwrap();
            }
            let mut pipeline = Pipeline::new(&options).unwrap();
            // The detector answers within these frames, so a face is tracked and restored.
            while pipeline.faces().found() == 0 {
                show(&mut pipeline, 1);
            }
            show(&mut pipeline, 50);
            let mut with_face = 0;
            let what = format!("200 frames, {view} rotated by {rotate}, {detector}");
            without_allocations(&what, || {
                for _ in 0..200 {
                    show(&mut pipeline, 1);
                    with_face += pipeline.faces().found();
                }
            });
            assert!(with_face > 100, "only {with_face} frames with a face");
        }
    }
}
