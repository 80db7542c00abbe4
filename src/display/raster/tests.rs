use proptest::prelude::*;

use super::*;

const RGB: [(u32, [u8; 3]); 5] = [
    (0x0000_0000, [0, 0, 0]),
    (0x00FF_FFFF, [255, 255, 255]),
    (0x00FF_0000, [255, 0, 0]),
    (0x0012_3456, [0x12, 0x34, 0x56]),
    (0x0080_7F01, [0x80, 0x7F, 0x01]),
];

fn layout(bits: u32, red: (u32, u32), green: (u32, u32), blue: (u32, u32)) -> PixelLayout {
    let channel = |(offset, length)| Channel { offset, length };
    PixelLayout::new(
        bits,
        [
            channel(red),
            channel(green),
            channel(blue),
            Channel::default(),
        ],
    )
    .unwrap()
}

#[test]
fn xrgb8888_keeps_the_bytes() {
    for (pixel, [r, g, b]) in RGB {
        let mut out = [0xAA; 4];
        PixelLayout::XRGB8888.pack_row(&[pixel], &mut out);
        assert_eq!(out, [b, g, r, 0]);
    }
}

#[test]
fn rgb565_keeps_the_highest_bits() {
    for (pixel, [r, g, b]) in RGB {
        let mut out = [0xAA; 2];
        PixelLayout::RGB565.pack_row(&[pixel], &mut out);
        let packed = u16::from_le_bytes(out);
        assert_eq!((packed >> 11, packed >> 5 & 63, packed & 31), {
            (u16::from(r / 8), u16::from(g / 4), u16::from(b / 8))
        });
    }
}

#[test]
fn other_layouts_are_packed_by_their_fields() {
    let bgr888 = layout(24, (0, 8), (8, 8), (16, 8));
    let mut out = [0; 6];
    bgr888.pack_row(&[0x0012_3456, 0x00AB_CDEF], &mut out);
    assert_eq!(out, [0x12, 0x34, 0x56, 0xAB, 0xCD, 0xEF]);

    let bgr565 = layout(16, (0, 5), (5, 6), (11, 5));
    let mut out = [0; 2];
    bgr565.pack_row(&[0x00F8_0000], &mut out);
    assert_eq!(u16::from_le_bytes(out), 0x001F);

    // Ten bits a colour: white is all ones, and black none.
    let xrgb2101010 = layout(32, (20, 10), (10, 10), (0, 10));
    let mut out = [0; 8];
    xrgb2101010.pack_row(&[0x00FF_FFFF, 0], &mut out);
    assert_eq!(out, [0xFF, 0xFF, 0xFF, 0x3F, 0, 0, 0, 0]);
}

#[test]
fn pixels_carry_nothing_from_the_unused_byte() {
    for layout in [
        PixelLayout::XRGB8888,
        PixelLayout::RGB565,
        layout(24, (16, 8), (8, 8), (0, 8)),
    ] {
        let mut out = [0xAA; 4];
        layout.pack_row(&[0xFF00_0000], &mut out[..layout.bytes]);
        assert!(
            out[..layout.bytes].iter().all(|&byte| byte == 0),
            "{layout:?}"
        );
    }
}

proptest! {
    /// The quick paths agree with the packing of a single pixel by its fields.
    #[test]
    fn rows_are_packed_like_single_pixels(
        pixels in proptest::collection::vec(0u32..0x100_0000, 1..40),
        alpha in prop_oneof![Just(0u32), Just(8)],
    ) {
        let opaque = PixelLayout {
            alpha: Channel { offset: 24, length: alpha }, ..PixelLayout::XRGB8888
        };
        for layout in [opaque, PixelLayout::RGB565, layout(24, (16, 8), (8, 8), (0, 8))] {
            let mut out = vec![0; pixels.len() * layout.bytes];
            layout.pack_row(&pixels, &mut out);
            for (pixel, out) in pixels.iter().zip(out.chunks_exact(layout.bytes)) {
                let packed = layout.pack(*pixel).to_le_bytes();
                prop_assert_eq!(out, &packed[..layout.bytes]);
            }
        }
    }

    /// Any picture on any raster: every visible pixel is the picture's or black, and nothing else
    /// of the memory is touched.
    #[test]
    fn pictures_are_centred_and_cropped(
        (width, height) in (1u32..20, 1u32..20),
        (picture_width, picture_height) in (0u32..30, 0u32..30),
        (padding, start, after) in (0usize..9, 0usize..9, 0usize..9),
    ) {
        let layout = PixelLayout::XRGB8888;
        let pitch = width as usize * 4 + padding;
        let raster = Raster { layout, width, height, pitch, start };
        let length = start + pitch * (height as usize - 1) + width as usize * 4 + after;
        prop_assert!(raster.check(length).is_ok());
        let mut picture = Picture::new(picture_width, picture_height);
        for (i, pixel) in picture.pixels.iter_mut().enumerate() {
            *pixel = i as u32 + 1;
        }
        let mut memory = vec![0xAA; length];
        raster.draw(&picture, &mut memory);
        let mut expected = vec![0xAA; length];
        let shift = |picture: u32, raster: u32| {
            if picture > raster { i64::from((picture - raster) / 2) }
            else { -i64::from((raster - picture) / 2) }
        };
        for y in 0..height {
            for x in 0..width {
                let from_x = i64::from(x) + shift(picture_width, width);
                let from_y = i64::from(y) + shift(picture_height, height);
                let inside = (0..i64::from(picture_width)).contains(&from_x)
                    && (0..i64::from(picture_height)).contains(&from_y);
                let pixel = if inside {
                    picture.pixels[(from_y * i64::from(picture_width) + from_x) as usize]
                } else {
                    0
                };
                let at = start + y as usize * pitch + x as usize * 4;
                expected[at..at + 4].copy_from_slice(&pixel.to_le_bytes());
            }
        }
        prop_assert_eq!(memory, expected);
    }
}

/// Another program's pixels stay in rows that have not changed, and only there.
#[test]
fn only_rows_that_changed_are_drawn() {
    let raster = Raster {
        layout: PixelLayout::XRGB8888,
        width: 4,
        height: 6,
        pitch: 20,
        start: 4,
    };
    let before = Picture::new(4, 4);
    let mut picture = before.clone();
    picture.row_mut(2)[3] = 0x0012_3456;
    let mut memory = vec![0xAA; 200];
    raster.draw_changes(&picture, &before, &mut memory);
    // The picture's rows begin at the raster's second row.
    let row = 4 + 3 * 20;
    let mut expected = vec![0xAA; 200];
    expected[row..row + 16].fill(0);
    expected[row + 12..row + 15].copy_from_slice(&[0x56, 0x34, 0x12]);
    assert_eq!(memory, expected);
    let mut whole = vec![0xAA; 200];
    raster.draw(&picture, &mut whole);
    raster.draw_changes(&picture, &Picture::new(4, 3), &mut memory);
    assert_eq!(memory, whole);
}

#[test]
fn rasters_outside_their_memory_are_refused() {
    let raster = Raster {
        layout: PixelLayout::RGB565,
        width: 10,
        height: 4,
        pitch: 24,
        start: 6,
    };
    let least = 6 + 3 * 24 + 20;
    assert!(raster.check(least).is_ok());
    assert!(raster.check(least - 1).is_err());
    assert!(
        Raster {
            width: 13,
            ..raster
        }
        .check(1000)
        .is_err(),
        "wider than a row"
    );
    assert!(Raster { width: 0, ..raster }.check(1000).is_err());
    assert!(
        Raster {
            height: 0,
            ..raster
        }
        .check(1000)
        .is_err()
    );
    assert!(
        Raster {
            height: u32::MAX,
            pitch: usize::MAX,
            ..raster
        }
        .check(1000)
        .is_err()
    );
}
