//! Nothing on the hot path allocates after the first frames.
//!
//! The work thread's allocations are counted while the whole pipeline runs on the demo source with
//! the face detector and the bicubic restorer, in every view. (tract's own plan allocates its
//! intermediate tensors, and the JPEG decoder of MJPG cameras its tables: neither is ours.)

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use face8x::compose::View;
use face8x::config::Options;
use face8x::pipeline::{Pipeline, Turn};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches only a cell of
// this thread that needs no allocation and no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps `realloc`'s contract.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `dealloc`'s contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Turns until this many frames were shown.
fn show(pipeline: &mut Pipeline, frames: u64) {
    let mut shown = 0;
    while shown < frames {
        shown += u64::from(pipeline.turn() == Turn::Shown);
    }
}

#[test]
fn the_hot_path_does_not_allocate() {
    let before = ALLOCATIONS.with(Cell::get);
    std::hint::black_box(vec![0_u8; 100]);
    assert_eq!(
        ALLOCATIONS.with(Cell::get),
        before + 1,
        "the allocator counts"
    );

    for view in View::ALL {
        for rotate in [0, 90] {
            let options = Options {
                source: Some("demo:".into()),
                sink: Some("null".into()),
                restorer: Some("bicubic".into()),
                view: Some(view.name().into()),
                rotate: Some(rotate),
                info_text: Some("%fps %latency %skipped %faces %temp %time".into()),
                // As fast as the work thread keeps up with: the tracker follows no leaps.
                fps: Some(150),
                ..Options::default()
            };
            let mut pipeline = Pipeline::new(&options.resolve().unwrap()).unwrap();
            // The detector answers within these frames, so a face is tracked and restored.
            while pipeline.faces().found() == 0 {
                show(&mut pipeline, 1);
            }
            show(&mut pipeline, 50);
            let before = ALLOCATIONS.with(Cell::get);
            let mut with_face = 0;
            for _ in 0..200 {
                show(&mut pipeline, 1);
                with_face += pipeline.faces().found();
            }
            let allocations = ALLOCATIONS.with(Cell::get) - before;
            assert_eq!(allocations, 0, "{view} rotated by {rotate}, in 200 frames");
            assert!(with_face > 100, "only {with_face} frames with a face");
        }
    }
}
