use face8x_core::detect::SearchOptions;
use face8x_core::face::Detection;
use face8x_core::frame::PixelFormat;
use face8x_core::geometry::Point;
use face8x_core::geometry::canonical::box_of_landmarks;
use face8x_core::portrait::PORTRAIT_LANDMARKS;
use face8x_core::track::Tracker;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use face8x_core::geometry::Rect;

/// Nothing here takes as long: a hang is a failure.
const LIMIT: Duration = Duration::from_secs(60);

/// A detector that follows orders, one for each search, and says when a search begins.
struct Puppet {
    orders: Receiver<&'static str>,
    begun: Sender<u64>,
}

impl Detector for Puppet {
    fn name(&self) -> String {
        "puppet".into()
    }

    fn needs_pixels(&self) -> bool {
        true
    }

    fn detect(&mut self, picture: &Frame, found: &mut Vec<Detection>) -> Result<()> {
        found.clear();
        // The test may have ended already.
        let _ = self.begun.send(picture.sequence);
        match self.orders.recv_timeout(LIMIT) {
            Ok("find") => {
                let side = f32::from(picture.bytes[0]);
                let face_box = Rect::new(0.0, 0.0, side, side);
                found.push(Detection {
                    face_box,
                    landmarks: None,
                    confidence: 1.0,
                });
                Ok(())
            }
            Ok("panic") => panic!("the string broke"),
            _ => Err(Error::other("no order")),
        }
    }
}

fn puppet() -> (DetectorThread, Sender<&'static str>, Receiver<u64>) {
    let (order, orders) = channel();
    let (begin, begun) = channel();
    let thread = DetectorThread::start(Box::new(Puppet {
        orders,
        begun: begin,
    }))
    .unwrap();
    (thread, order, begun)
}

fn picture(sequence: u64, grey: u8) -> Frame {
    Frame {
        format: PixelFormat::Grey,
        width: 2,
        height: 2,
        stride: 2,
        sequence,
        bytes: vec![grey; 4],
        ..Frame::empty()
    }
}

/// Offers until it is taken.
fn offer(thread: &mut DetectorThread, picture: &Frame) {
    thread.pause_until = None;
    while !thread.offer(picture) {
        std::thread::yield_now();
    }
}

/// Polls until something was found or failed.
fn wait(thread: &mut DetectorThread) -> Option<Detections> {
    let (failures, start) = (thread.failures(), Instant::now());
    loop {
        assert!(start.elapsed() < LIMIT, "the search does not end");
        if let Some(detections) = thread.poll() {
            return Some(detections.clone());
        }
        if thread.failures() > failures {
            return None;
        }
        std::thread::yield_now();
    }
}

#[test]
fn what_is_found_comes_with_the_picture_it_was_found_in() {
    let (mut thread, order, begun) = puppet();
    for (sequence, grey) in [(7, 30), (9, 40)] {
        offer(&mut thread, &picture(sequence, grey));
        assert_eq!(begun.recv().unwrap(), sequence);
        order.send("find").unwrap();
        let detections = wait(&mut thread).unwrap();
        assert_eq!(detections.picture.sequence, sequence);
        assert_eq!(detections.picture.bytes, [grey; 4]);
        assert_eq!(detections.found[0].face_box.w, f32::from(grey));
        assert!(thread.poll().is_none(), "the same find came twice");
    }
    assert_eq!(
        (thread.name(), thread.needs_pixels(), thread.failures()),
        ("puppet", true, 0)
    );
}

#[test]
fn pictures_offered_while_it_searches_are_refused() {
    let (mut thread, order, begun) = puppet();
    offer(&mut thread, &picture(1, 1));
    begun.recv().unwrap();
    for sequence in 2..50 {
        assert!(!thread.idle());
        assert!(!thread.offer(&picture(sequence, 9)));
        assert!(thread.poll().is_none());
    }
    order.send("find").unwrap();
    assert_eq!(wait(&mut thread).unwrap().picture.sequence, 1);
}

#[test]
fn buffers_go_round() {
    let (mut thread, order, _begun) = puppet();
    let mut buffers = Vec::new();
    for sequence in 0..9 {
        offer(&mut thread, &picture(sequence, 1));
        order.send("find").unwrap();
        wait(&mut thread).unwrap();
        buffers.push(thread.latest.picture.bytes.as_ptr());
    }
    assert_ne!(buffers[0], buffers[1]);
    assert_eq!(buffers[..7], buffers[2..], "a buffer was made anew");
}

#[test]
fn errors_and_panics_are_counted_and_the_next_search_works() {
    let (mut thread, order, _begun) = puppet();
    for (failures, what) in [(1, "fail"), (2, "panic"), (3, "panic"), (4, "fail")] {
        offer(&mut thread, &picture(failures, 5));
        order.send(what).unwrap();
        assert_eq!(wait(&mut thread), None);
        assert_eq!(thread.failures(), failures);
        assert!(!thread.idle(), "it is searching again at once");
    }
    assert_eq!(
        thread.warnings.each_ref().map(|warning| warning.suppressed),
        [1, 1]
    );
    offer(&mut thread, &picture(5, 5));
    order.send("find").unwrap();
    assert_eq!(wait(&mut thread).unwrap().found.len(), 1);
}

#[test]
fn a_stalled_search_does_not_hold_up_the_end() {
    let (mut thread, order, begun) = puppet();
    offer(&mut thread, &picture(1, 1));
    begun.recv().unwrap();
    // The search goes on after the drop: it waits for the order that comes only then.
    drop(thread);
    order.send("find").unwrap();
}

#[test]
fn an_idle_thread_has_ended_when_the_drop_returns() {
    let (thread, order, _begun) = puppet();
    drop(thread);
    assert!(order.send("find").is_err(), "the detector still lives");
}

#[test]
fn a_detector_that_needs_no_picture_answers_at_once() {
    let detector = face8x_core::detect::open("centre", &SearchOptions::LIVE).unwrap();
    let mut thread = DetectorThread::start(detector).unwrap();
    let frame = Frame {
        width: 128,
        height: 128,
        sequence: 3,
        ..Frame::empty()
    };
    assert!(thread.idle() && thread.poll().is_none());
    assert!(thread.offer(&frame));
    let detections = thread.poll().unwrap();
    assert_eq!(detections.picture.sequence, 3);
    assert_eq!(
        detections.found[0].face_box,
        Rect::new(22.0, 38.0, 84.0, 84.0)
    );
    assert!(thread.poll().is_none());
}

#[test]
fn searched_beside_the_pictures_and_followed_through_them() {
    let portrait = image::load_from_memory(face8x_core::portrait::PORTRAIT).unwrap();
    let portrait = portrait.crop_imm(106, 34, 240, 180).into_rgb8();
    let picture = Frame::from_rgb(240, 180, portrait.into_raw()).unwrap();
    let landmarks = PORTRAIT_LANDMARKS.map(|p| Point::new(p.x - 106.0, p.y - 34.0));
    let detector = face8x_core::detect::open("auto", &SearchOptions::LIVE).unwrap();
    let mut thread = DetectorThread::start(detector).unwrap();
    let mut tracker = Tracker::new();
    // A frame each millisecond until two searches have ended: more than one frame each.
    let (mut frame, mut searches) = (0, 0);
    while searches < 2 {
        frame += 1;
        let picture = Frame {
            sequence: frame,
            ..picture.clone()
        };
        thread.offer(&picture);
        let detections = thread.poll();
        searches += u32::from(detections.is_some());
        let faces = tracker.update(Duration::from_millis(frame), &picture, detections);
        assert_eq!(faces.len(), usize::from(searches > 0));
        if let Some(face) = faces.first() {
            assert_eq!(face.id, 1);
            let truth = box_of_landmarks(&landmarks);
            assert!(
                face.detection.face_box.iou(&truth) > 0.65,
                "{face:?} is not {truth:?}"
            );
        }
        assert_eq!(thread.failures(), 0);
        std::thread::sleep(Duration::from_millis(1));
    }
}
