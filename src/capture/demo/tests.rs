use super::*;
use face8x_core::geometry::Point;

fn demo(width: u32, height: u32) -> Box<dyn Source> {
    let options = SourceOptions {
        width,
        height,
        fps: 0,
        ..SourceOptions::default()
    };
    open("", &options).unwrap()
}

/// Frame `sequence` of a scene.
fn frame_at(sequence: u64, width: u32, height: u32) -> Frame {
    let options = SourceOptions {
        width,
        height,
        fps: 0,
        ..SourceOptions::default()
    };
    let mut source = Demo::new(&options).unwrap();
    source.sequence = sequence;
    let mut frame = Frame::empty();
    source.read(&mut frame, Duration::ZERO).unwrap();
    frame
}

fn luma(frame: &Frame, at: Point) -> u8 {
    frame.bytes[at.y as usize * frame.stride + at.x as usize * 2]
}

const SIZES: [(u32, u32); 7] = [
    (640, 480),
    (320, 240),
    (1280, 720),
    (641, 479),
    (480, 640),
    (97, 61),
    (1, 1),
];

#[test]
fn frames_follow_from_their_numbers_alone() {
    let (mut a, mut b) = (demo(320, 240), demo(320, 240));
    let (mut one, mut other) = (Frame::empty(), Frame::empty());
    let mut distinct = std::collections::HashSet::new();
    for _ in 0..50 {
        a.read(&mut one, Duration::ZERO).unwrap();
        b.read(&mut other, Duration::ZERO).unwrap();
        assert_eq!((one.sequence, &one.bytes), (other.sequence, &other.bytes));
        distinct.insert(one.bytes.clone());
    }
    assert!(distinct.len() > 25, "the scene moves: {}", distinct.len());
}

#[test]
fn frames_have_the_size_asked_for() {
    for (width, height) in SIZES {
        let frame = frame_at(1, width, height);
        assert_eq!(
            (frame.width, frame.height, frame.format),
            (width, height, PixelFormat::Yuyv)
        );
        assert_eq!(frame.stride, PixelFormat::Yuyv.min_stride(width));
        assert_eq!(frame.bytes.len(), frame.stride * height as usize);
    }
}

/// The whole head of the one who comes near stays in view.
#[test]
fn the_near_face_is_always_wholly_in_view() {
    for (width, height) in SIZES.into_iter().filter(|(w, h)| w * h > 1) {
        for sequence in 0..2000 {
            let points = landmarks_at(sequence, width, height);
            let eyes = (points[1].x - points[0].x).hypot(points[1].y - points[0].y);
            let middle = points[2];
            assert!(middle.x - 1.8 * eyes > 0.0 && middle.x + 1.8 * eyes < width as f32);
            assert!(middle.y - 2.7 * eyes > 0.0 && middle.y + 1.5 * eyes < height as f32);
        }
    }
}

#[test]
fn faces_are_as_small_as_the_product_is_for_and_one_comes_near() {
    let stage = StreetScale::new(640, 480);
    let (mut least, mut most) = (f32::INFINITY, 0.0f32);
    for moment in 0..1000 {
        let people = people(moment, &stage);
        let far = people.iter().filter(|p| (14.0..30.0).contains(&p.side));
        assert!(far.count() >= 4, "in frame {moment}");
        assert!(
            people.is_sorted_by(|a, b| a.side <= b.side),
            "the nearest last"
        );
        let near = people::visitor(moment, &stage);
        (least, most) = (least.min(near.side), most.max(near.side));
    }
    assert!(least < 21.0 && most > 75.0 && most < 80.0, "{least} {most}");
}

/// The landmarks follow the picture: at each eye it is darker than on the cheek below.
#[test]
fn landmarks_lie_on_the_face() {
    for (width, height) in [(640, 480), (1280, 720)] {
        // She is near.
        for sequence in [170, 240, 300, 720] {
            let frame = frame_at(sequence, width, height);
            let points = landmarks_at(sequence, width, height);
            let eyes = points[1].x - points[0].x;
            let tip = luma(&frame, points[2]);
            for eye in &points[..2] {
                let cheek = luma(&frame, Point::new(eye.x, eye.y + eyes * 0.45));
                let pupil = luma(&frame, *eye);
                assert!(pupil + 40 < cheek, "{pupil} {cheek} in frame {sequence}");
                assert!(pupil + 40 < tip, "{pupil} {tip} in frame {sequence}");
            }
        }
    }
}

/// Neighbouring frames differ by a few pixels of movement, so that a tracker can follow.
#[test]
fn movement_is_smooth() {
    let stage = StreetScale::new(640, 480);
    for moment in 0..1000 {
        for before in people(moment, &stage) {
            let after = people(moment + 1, &stage);
            let same = after.iter().find(|p| p.coat == before.coat).unwrap();
            let (dx, dy) = (same.face.x - before.face.x, same.face.y - before.face.y);
            // Whoever has left comes in at the other side.
            let left = dx.abs() > 700.0;
            assert!(
                left || dx.abs() <= 3.0 && dy.abs() <= 2.0,
                "{before:?} {same:?}"
            );
        }
    }
}

#[test]
fn colours_are_those_of_bt601() {
    let colours = [[255.0; 3], [0.0; 3], [255.0, 0.0, 0.0], [0.0, 0.0, 255.0]];
    let expected = [
        [235, 128, 128],
        [16, 128, 128],
        [81, 90, 240],
        [41, 240, 110],
    ];
    assert_eq!(colours.map(|c| ycc(c).map(|v| v.round() as u8)), expected);
}

#[test]
fn buffer_is_kept() {
    let mut source = demo(320, 240);
    let mut frame = Frame::empty();
    source.read(&mut frame, Duration::ZERO).unwrap();
    let address = frame.bytes.as_ptr();
    for _ in 0..20 {
        source.read(&mut frame, Duration::ZERO).unwrap();
        assert_eq!(frame.bytes.as_ptr(), address);
    }
}

#[test]
fn nonsense_is_refused() {
    let options = SourceOptions::default();
    assert_eq!(open("x", &options).err().unwrap().exit_code(), 2);
    let other = SourceOptions {
        format: Some(PixelFormat::Mjpg),
        ..options
    };
    assert_eq!(open("", &other).err().unwrap().exit_code(), 2);
}

#[test]
fn on_demand_the_scene_moves_with_the_time_not_with_the_frames() {
    let options = SourceOptions {
        width: 640,
        height: 480,
        fps: 0,
        ..SourceOptions::default()
    };
    let mut timed = open(
        "",
        &SourceOptions {
            on_demand: true,
            ..options.clone()
        },
    )
    .unwrap();
    assert_eq!(timed.describe(), "demo: YUYV 640x480 on demand");
    let mut frame = Frame::empty();
    timed.read(&mut frame, Duration::ZERO).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    timed.read(&mut frame, Duration::ZERO).unwrap();
    assert_eq!(frame.sequence, 1);
    let (mut numbered, mut other) = (Demo::new(&options).unwrap(), Frame::empty());
    let shown = (0..2640).find(|_| {
        numbered.read(&mut other, Duration::ZERO).unwrap();
        other.bytes == frame.bytes
    });
    assert!(shown >= Some(9), "300 ms are nine frames, not {shown:?}");
}
