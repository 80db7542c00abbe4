use super::*;

fn field(offset: u32, length: u32) -> Bitfield {
    Bitfield {
        offset,
        length,
        msb_right: 0,
    }
}

/// A 64x48 view into a virtual screen of 64x96, with padded rows.
fn rgb565() -> (VarScreenInfo, FixScreenInfo) {
    let var = VarScreenInfo {
        xres: 64,
        yres: 48,
        xres_virtual: 64,
        yres_virtual: 96,
        bits_per_pixel: 16,
        red: field(11, 5),
        green: field(5, 6),
        blue: field(0, 5),
        ..VarScreenInfo::default()
    };
    let fix = FixScreenInfo {
        visual: 2,
        line_length: 160,
        smem_len: 160 * 96,
        ..FixScreenInfo::default()
    };
    (var, fix)
}

#[test]
fn the_structures_have_the_kernels_sizes() {
    assert_eq!(size_of::<VarScreenInfo>(), 160);
    // 80 bytes where a long has 8 (aarch64, x86-64), 68 where it has 4 (armv7).
    assert_eq!(
        size_of::<FixScreenInfo>(),
        if size_of::<c_ulong>() == 8 { 80 } else { 68 }
    );
}

#[test]
fn the_raster_follows_the_real_row_length() {
    let (var, fix) = rgb565();
    let raster = raster(&var, &fix).unwrap();
    assert_eq!(raster.layout, PixelLayout::RGB565);
    assert_eq!(
        (raster.width, raster.height, raster.pitch, raster.start),
        (64, 48, 160, 0)
    );
}

#[test]
fn a_panned_screen_is_drawn_where_it_shows() {
    let (mut var, fix) = rgb565();
    var.yoffset = 48;
    let raster = raster(&var, &fix).unwrap();
    assert_eq!(raster.start, 48 * 160);
    let mut memory = vec![0xAA; fix.smem_len as usize];
    let mut picture = Picture::new(64, 48);
    picture.pixels.fill(0x00FF_0000);
    raster.draw(&picture, &mut memory);
    assert!(memory[..48 * 160].iter().all(|&byte| byte == 0xAA));
    assert_eq!(memory[48 * 160..][..4], [0x00, 0xF8, 0x00, 0xF8]);
    assert_eq!(memory[48 * 160 + 128], 0xAA, "padding stays");
}

/// Rows that have not changed are not copied, but once a second, over what others have written.
#[test]
fn rows_that_have_not_changed_are_written_once_a_second() {
    let (var, fix) = rgb565();
    let raster = raster(&var, &fix).unwrap();
    let (mut shown, start) = (Shown::default(), Instant::now());
    let mut memory = vec![0; fix.smem_len as usize];
    let mut picture = Picture::new(64, 48);
    shown.draw(&raster, &picture, &mut memory, start);
    // A kernel message over all of it, and another row in the picture.
    memory.fill(0xAA);
    picture.row_mut(7).fill(0x00FF_FFFF);
    let soon = start + WHOLE_EVERY / 2;
    shown.draw(&raster, &picture, &mut memory, soon);
    let row = |memory: &[u8], y: usize| memory[y * 160..][..128].to_vec();
    assert_eq!(row(&memory, 6), [0xAA; 128]);
    assert_eq!(row(&memory, 7), [0xFF; 128]);
    shown.draw(&raster, &picture, &mut memory, start + WHOLE_EVERY);
    assert_eq!(row(&memory, 6), [0; 128]);
}

#[test]
fn opaque_alpha_is_kept() {
    let (mut var, mut fix) = rgb565();
    var.bits_per_pixel = 32;
    (var.red, var.green, var.blue) = (field(0, 8), field(8, 8), field(16, 8));
    var.transp = field(24, 8);
    (fix.line_length, fix.smem_len) = (256, 256 * 96);
    let raster = raster(&var, &fix).unwrap();
    assert_eq!(raster.layout.pack(0x0011_2233), 0xFF33_2211);
}

#[test]
fn odd_modes_are_refused_with_a_reason() {
    let broken: [fn(&mut VarScreenInfo, &mut FixScreenInfo); 9] = [
        |var, _| var.bits_per_pixel = 8,
        |var, _| var.bits_per_pixel = 0,
        |var, _| var.grayscale = 1,
        |var, _| var.red.msb_right = 1,
        |var, _| var.green.length = 0,
        |var, _| var.red.offset = u32::MAX,
        |_, fix| fix.visual = 3,
        |_, fix| fix.smem_len = 160 * 47,
        |var, _| (var.yoffset, var.xoffset) = (u32::MAX, u32::MAX),
    ];
    for (i, change) in broken.into_iter().enumerate() {
        let (mut var, mut fix) = rgb565();
        change(&mut var, &mut fix);
        assert!(raster(&var, &fix).is_err(), "change {i}");
    }
    let (mut var, fix) = rgb565();
    var.bits_per_pixel = 8;
    let error = raster(&var, &fix).unwrap_err();
    assert!(error.remedy_text().unwrap().contains("fbset"), "{error}");
}

#[test]
fn a_file_that_is_no_framebuffer_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let uri = file.path().to_str().unwrap();
    let error = open(uri, &SinkOptions::default()).err().unwrap();
    assert!(error.to_string().contains("FBIOGET_VSCREENINFO"), "{error}");
    let error = open("/dev/face8x-fb9", &SinkOptions::default())
        .err()
        .unwrap();
    assert_eq!(error.to_string(), "/dev/face8x-fb9 does not exist");
}
