use super::*;
use PixelFormat::*;
use proptest::prelude::*;

fn offer(format: PixelFormat, width: u32, height: u32, fps: &[u32]) -> Offer {
    let rates = Rates::List(fps.iter().map(|f| Interval::of_fps(*f)).collect());
    Offer {
        format,
        sizes: FrameSizes::One(width, height),
        rates,
    }
}

fn wanted(width: u32, height: u32, fps: u32) -> SourceOptions {
    SourceOptions {
        width,
        height,
        fps,
        ..SourceOptions::default()
    }
}

fn chosen(offers: &[Offer], wanted: &SourceOptions) -> (PixelFormat, u32, u32, f64) {
    let choice = choose(offers, wanted).unwrap();
    (
        choice.format,
        choice.width,
        choice.height,
        choice.interval.map_or(0.0, Interval::fps),
    )
}

/// What a common USB webcam (720p UVC) lists.
fn webcam() -> Vec<Offer> {
    vec![
        offer(Mjpg, 1280, 720, &[30, 25, 15, 10, 5]),
        offer(Mjpg, 640, 480, &[30, 25, 15]),
        offer(Mjpg, 320, 240, &[30]),
        offer(Yuyv, 640, 480, &[30, 24, 20, 15, 10, 5]),
        offer(Yuyv, 320, 240, &[30, 15]),
        offer(Yuyv, 1280, 720, &[10, 5]),
    ]
}

#[test]
fn webcam_is_uncompressed_where_it_reaches_the_rate() {
    assert_eq!(
        chosen(&webcam(), &wanted(640, 480, 30)),
        (Yuyv, 640, 480, 30.0)
    );
    assert_eq!(
        chosen(&webcam(), &wanted(1280, 720, 30)),
        (Mjpg, 1280, 720, 30.0)
    );
    assert_eq!(
        chosen(&webcam(), &wanted(1280, 720, 8)),
        (Yuyv, 1280, 720, 10.0)
    );
}

#[test]
fn nearest_size_and_fastest_rate_stand_in() {
    assert_eq!(
        chosen(&webcam(), &wanted(1920, 1080, 30)),
        (Mjpg, 1280, 720, 30.0)
    );
    assert_eq!(chosen(&webcam(), &wanted(1, 1, 30)), (Yuyv, 320, 240, 30.0));
    assert_eq!(
        chosen(&webcam(), &wanted(1280, 720, 60)),
        (Mjpg, 1280, 720, 30.0)
    );
    assert_eq!(
        chosen(&webcam(), &wanted(640, 480, 0)),
        (Yuyv, 640, 480, 30.0)
    );
}

#[test]
fn a_format_that_the_user_insists_on_is_kept() {
    let mut ask = SourceOptions {
        format: Some(Mjpg),
        ..wanted(640, 480, 30)
    };
    assert_eq!(chosen(&webcam(), &ask), (Mjpg, 640, 480, 30.0));
    ask.format = Some(Nv12);
    assert_eq!(choose(&webcam(), &ask), None);
}

#[test]
fn ntsc_rate_counts_as_thirty() {
    let rates = Rates::List(vec![Interval {
        numerator: 1001,
        denominator: 30_000,
    }]);
    let tuner = Offer {
        format: Uyvy,
        sizes: FrameSizes::One(720, 480),
        rates,
    };
    let offers = [offer(Mjpg, 720, 480, &[60]), tuner];
    assert_eq!(choose(&offers, &wanted(720, 480, 30)).unwrap().format, Uyvy);
}

#[test]
fn grey_does_not_take_the_colour_away() {
    let offers = [offer(Grey, 640, 480, &[30]), offer(Mjpg, 640, 480, &[30])];
    assert_eq!(choose(&offers, &wanted(640, 480, 30)).unwrap().format, Mjpg);
    assert_eq!(
        choose(&offers[..1], &wanted(640, 480, 30)).unwrap().format,
        Grey
    );
}

/// The bcm2835-unicam node of a Raspberry Pi lists Bayer alone, which is no offer at all.
#[test]
fn no_offer_no_choice() {
    assert_eq!(choose(&[], &wanted(640, 480, 30)), None);
}

/// vivid's webcam input: every format in the same discrete sizes, at 1 to 60 fps.
#[test]
fn vivid_gives_the_cheapest_format() {
    let offers: Vec<_> = [Nv12, Bgr3, Rgb3, Grey, Yuyv, Yu12]
        .into_iter()
        .flat_map(|f| {
            [
                offer(f, 320, 180, &[1, 2, 4, 5, 10, 15, 25, 30, 50, 60]),
                offer(f, 640, 360, &[1, 2, 4, 5, 10, 15, 25, 30, 50]),
            ]
        })
        .collect();
    assert_eq!(
        chosen(&offers, &wanted(640, 480, 30)),
        (Yuyv, 640, 360, 30.0)
    );
}

#[test]
fn ranges_and_silence_are_asked_exactly() {
    let sizes = FrameSizes::Range {
        min: (48, 48),
        max: (1920, 1200),
        step: (16, 2),
    };
    let rates = Rates::Range {
        shortest: Interval::of_fps(60),
        longest: Interval {
            numerator: 1,
            denominator: 2,
        },
    };
    let range = [Offer {
        format: Nv12,
        sizes,
        rates,
    }];
    assert_eq!(
        chosen(&range, &wanted(641, 481, 25)),
        (Nv12, 640, 482, 25.0)
    );
    assert_eq!(
        chosen(&range, &wanted(5000, 5000, 100)),
        (Nv12, 1920, 1200, 60.0)
    );
    assert_eq!(chosen(&range, &wanted(1, 1, 1)), (Nv12, 48, 48, 2.0));

    let silent = [Offer {
        format: Yuyv,
        sizes: FrameSizes::Unknown,
        rates: Rates::Unknown,
    }];
    assert_eq!(
        chosen(&silent, &wanted(800, 600, 20)),
        (Yuyv, 800, 600, 20.0)
    );
    assert_eq!(
        choose(&silent, &wanted(800, 600, 0)).unwrap().interval,
        None
    );
}

#[test]
fn offers_read_well() {
    let mut shown = offer(Yuyv, 640, 480, &[30, 15]);
    assert_eq!(shown.to_string(), "YUYV 640x480 at 30, 15 fps");
    let ntsc = Interval {
        numerator: 1001,
        denominator: 30_000,
    };
    shown.sizes = FrameSizes::Range {
        min: (16, 16),
        max: (640, 480),
        step: (1, 1),
    };
    shown.rates = Rates::Range {
        shortest: ntsc,
        longest: Interval::of_fps(1),
    };
    assert_eq!(shown.to_string(), "YUYV 16x16 to 640x480 at 1 to 29.97 fps");
}

proptest! {
    /// Whatever a driver says (zero steps, swapped ends, huge numbers), a step is one that it
    /// offers, and none that it offers is nearer.
    #[test]
    fn nearest_step_is_nearest(value: u32, min in 0u32..5000, span in 0u32..5000, step in 0u32..40) {
        let got = nearest_step(value, min, min + span, step);
        let best = (min..=min + span).step_by(step.max(1) as usize)
            .map(|v| v.abs_diff(value)).min().unwrap();
        prop_assert_eq!((got - min) % step.max(1), 0);
        prop_assert!(got <= min + span);
        prop_assert!(got.abs_diff(value) == best);
    }

    #[test]
    fn odd_numbers_never_panic(v: [u32; 9]) {
        let sizes = FrameSizes::Range { min: (v[0], v[1]), max: (v[2], v[3]), step: (v[4], v[5]) };
        let rates = Rates::List(vec![Interval { numerator: v[6], denominator: v[7] }]);
        let offers = [Offer { format: Yuyv, sizes, rates }];
        let choice = choose(&offers, &wanted(v[8], v[0], v[6])).unwrap();
        prop_assert!(choice.width >= v[0] && choice.height >= v[1]);
    }
}
