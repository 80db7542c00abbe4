//! People who come near, and people before others.

use super::*;

/// Somebody walks from far to near: at no distance is the face further from the truth than the camera's own
/// pixels, and from one frame to the next nothing jumps.
#[test]
fn somebody_who_walks_near_is_shown_better_than_the_camera_does_and_without_jumps() {
    let (portrait, mut studio) = (Portrait::new(), Studio::new());
    let truth = portrait.truth();
    let (mut projector, mut history) = (BackProjector::new(None), FaceHistory::new(16));
    let mut out = Box::new([0; HR_SIDE * HR_SIDE]);
    let mut before: Option<(Box<Sr>, f32)> = None;
    for t in 0..64 {
        let side = 10.0 * 1.04f32.powi(t);
        let size = (1.2 * side) as u32 + 16;
        let off = |k: i32| 0.4 * normal((200 + 2 * t + k) as usize);
        let middle = size as f32 / 2.0;
        let to_canonical = placed(middle + off(0), middle + off(1), side, 0.05);
        let clean = portrait.frame((size, size), &to_canonical, 0.45, 0.0);
        let frame = noisy(&clean, 2.0, t as usize * 20_000);
        let sr = studio.network(&frame, &to_canonical);
        history
            .update(&mut projector, &frame, &to_canonical, 2.0, &sr, &mut out)
            .unwrap();
        let found = psnr(levels(&out), &truth);
        let camera = studio.camera_psnr(&frame, &to_canonical, &truth);
        println!("{t}: side {side:.1}: {found:.2} dB, the camera {camera:.2} dB");
        assert!(
            found > camera - 0.05,
            "side {side}: {found} dB, the camera {camera} dB"
        );
        if let Some((before, quality)) = &before {
            let apart = psnr(levels(before), &levels(&out).collect::<Vec<_>>());
            assert!(apart > 28.0, "side {side}: {apart} dB from frame to frame");
            assert!(
                found > quality - 0.8,
                "side {side}: {quality}, then {found}"
            );
        }
        before = Some((out.clone(), found));
    }
}

/// Somebody stands half before somebody else: of both faces what is seen is no further from the truth than
/// the camera's own pixels.
#[test]
fn faces_that_overlap_are_no_worse_than_the_cameras_pixels() {
    let (portrait, mut studio) = (Portrait::new(), Studio::new());
    for side in [14.0, 20.0, 30.0, 48.0] {
        let size = (2.6 * side) as u32 + 20;
        let middle = size as f32 / 2.0;
        let front = placed(middle + 0.35 * side, middle + 0.1 * side, side, 0.1);
        let back = placed(middle - 0.35 * side, middle, 0.9 * side, -0.1);
        let scene = |at: Point| {
            let (before, behind) = (front.apply(at), back.apply(at));
            // A head is an ellipse.
            let depth = ((before.x - 64.0) / 50.0).hypot((before.y - 64.0) / 66.0);
            let [r, g, b] = portrait.at(behind);
            if depth < 1.0 {
                portrait.at(before)
            } else {
                [0.7 * r, 0.9 * g, b]
            }
        };
        let frame = noisy(&shoot((size, size), 0.42, 0.0, scene), 2.0, 7);
        for (name, to_canonical) in [("front", front), ("back", back)] {
            let from_canonical = to_canonical.invert();
            let truth = truth(|canonical| scene(from_canonical.apply(canonical)));
            let sr = studio.network(&frame, &to_canonical);
            let out = single(&frame, &to_canonical, 2.0, &sr);
            let found = psnr(levels(&out), &truth);
            let camera = studio.camera_psnr(&frame, &to_canonical, &truth);
            println!("{side} {name}: {found:.2} dB, the camera {camera:.2} dB");
            assert!(
                found > camera - 0.02,
                "side {side}, {name}: {found} dB, the camera {camera} dB"
            );
        }
    }
}
