//! The optics that the faces show.

use proptest::prelude::*;

use super::*;
use crate::backproject::optics::{BlurEvidence, OpticsEstimate};

/// Four faces of the portrait by these optics, of about 16, 20, 24 and 32 camera pixels, and what is known of the
/// optics then.
fn learned(portrait: &Portrait, studio: &mut Studio, optics: f32, sigma: f32) -> BackProjector {
    let mut projector = BackProjector::new(None);
    for (k, side) in [16.0, 20.0, 24.0, 32.0].into_iter().enumerate() {
        let place = placed(25.2 + 0.3 * k as f32, 25.7, side, 0.1 * k as f32);
        let clean = portrait.frame((50, 50), &place, optics, 0.0);
        let frame = noisy(&clean, sigma, 1000 * k);
        let sr = studio.network(&frame, &place);
        projector.learn_optics(&frame, &place, sigma, &sr).unwrap();
    }
    projector
}

#[test]
fn the_faces_show_how_much_a_camera_blurs() {
    let (portrait, mut studio) = (Portrait::new(), Studio::new());
    for sigma in [0.0, 6.0] {
        let found = [0.25, 0.45, 0.57, 0.7].map(|optics| {
            let found = learned(&portrait, &mut studio, optics, sigma).optics();
            println!("noise {sigma}: {optics} is found to be {found}");
            // One person, whose portrait is sharp: 0.07 pixels are one face's error.
            assert!((found - optics).abs() < 0.12, "{found} for {optics}");
            found
        });
        assert!(found.is_sorted(), "{found:?}");
    }
}

/// A final picture with the optics that were found out is nearer to the truth than one with those that are assumed
/// before, where these are wrong.
#[test]
fn optics_that_were_found_out_restore_better() {
    let (portrait, mut studio) = (Portrait::new(), Studio::new());
    let truth = portrait.truth();
    let place = placed(25.4, 25.1, 24.0, 0.0);
    for optics in [0.25, 0.57, 0.7] {
        let frame = portrait.frame((50, 50), &place, optics, 0.0);
        let sr = studio.network(&frame, &place);
        let restore = |mut projector: BackProjector| {
            let mut out = Box::new([0; HR_SIDE * HR_SIDE]);
            FaceHistory::new(1)
                .update(&mut projector, &frame, &place, 0.0, &sr, &mut out)
                .unwrap();
            psnr(levels(&out), &truth)
        };
        let assumed = restore(BackProjector::new(None));
        let found = restore(learned(&portrait, &mut studio, optics, 0.0));
        let known = restore(BackProjector::new(Some(optics)));
        println!("{optics}: assumed {assumed}, found {found}, known {known}");
        assert!(found > assumed + 0.2, "{optics}: {found} after {assumed}");
        assert!(found > known - 0.7, "{optics}: {found}, known {known}");
    }
}

#[test]
fn optics_that_are_known_stay() {
    let (portrait, mut studio) = (Portrait::new(), Studio::new());
    let place = placed(25.4, 25.1, 24.0, 0.0);
    let frame = portrait.frame((50, 50), &place, 0.7, 0.0);
    let sr = studio.network(&frame, &place);
    let mut projector = BackProjector::new(Some(0.3));
    projector.learn_optics(&frame, &place, 0.0, &sr).unwrap();
    assert_eq!(projector.optics(), 0.3);
}

#[test]
fn another_camera_is_not_taken_for_the_last() {
    let (portrait, mut studio) = (Portrait::new(), Studio::new());
    let mut projector = learned(&portrait, &mut studio, 0.7, 0.0);
    assert!(projector.optics() > 0.5);
    projector.forget_optics();
    assert_eq!(projector.optics(), Trust::of(false).optics);
}

#[test]
fn a_face_without_contrast_shows_nothing() {
    let place = placed(25.4, 25.1, 24.0, 0.0);
    let frame = shoot((50, 50), 0.45, 0.0, |_| [120.0; 3]);
    let sr = Box::new([crate::pixel::pack_rgb(120, 120, 120); HR_SIDE * HR_SIDE]);
    let mut projector = BackProjector::new(None);
    projector.learn_optics(&frame, &place, 0.0, &sr).unwrap();
    assert!((projector.optics() - Trust::of(false).optics).abs() < 1e-3);
}

proptest! {
    /// Whatever the pixels say, the estimate stays within what a camera has.
    #[test]
    fn estimates_are_those_of_cameras(
        faces in prop::collection::vec((any::<[f32; 4]>(), 1.0f32..100.0), 0..40),
        assumed in 0.2f32..0.8,
    ) {
        let mut estimate = OpticsEstimate::default();
        for ([weight, blurring, seen, expected], side) in faces {
            let pixels = [[seen; 4], [expected; 4]];
            let evidence = BlurEvidence::new(&[weight], &[blurring], &pixels[..1], &pixels[1..]);
            estimate.add(evidence, side);
        }
        let found = estimate.optics(assumed);
        prop_assert!((0.199..=0.801).contains(&found), "{found}");
    }
}
