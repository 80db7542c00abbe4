//! Writes the seeds that no text editor can: networks and pictures.
//!
//! usage: cargo run --example seeds

use std::io::Cursor;
use std::path::Path;

use face8x_fuzz::networks;
use image::{ImageFormat, Rgb, RgbImage};

fn main() -> std::io::Result<()> {
    for (k, network) in networks::QUANTISED.iter().enumerate() {
        write("model", &format!("int8-{k}.onnx"), &network())?;
        // The network as it is, and with one change of each kind.
        write("graph", &format!("base-{k}"), &[k as u8])?;
        for kind in 0..12 {
            write(
                "graph",
                &format!("change-{k}-{kind}"),
                &[k as u8, kind, 5, 2, 3],
            )?;
        }
    }
    write("model", "float.onnx", &networks::float())?;
    write("detector", "yunet.onnx", &networks::yunet())?;
    write("detector", "restorer.onnx", &networks::float())?;
    for (name, format) in [
        ("small.jpg", ImageFormat::Jpeg),
        ("small.png", ImageFormat::Png),
        ("small.webp", ImageFormat::WebP),
    ] {
        write("photo", name, &picture(format))?;
    }
    let jpeg = picture(ImageFormat::Jpeg);
    write("jpeg", "small.jpg", &jpeg)?;
    write(
        "mjpeg",
        "two",
        &[&[200][..], &jpeg, b"junk", &jpeg].concat(),
    )?;
    write(
        "mjpeg",
        "cut",
        &[&[7][..], &jpeg[..jpeg.len() / 2], &jpeg].concat(),
    )?;
    // The forms are those of PixelFormat::ALL; 8 leaves it to the first bytes.
    for form in 0..9 {
        let raw: Vec<u8> = (0..700).map(|k| (k * k / 3) as u8).collect();
        write(
            "pipe",
            &format!("raw-{form}"),
            &[&[form, 6, 4, 9][..], &raw].concat(),
        )?;
    }
    write("pipe", "mjpeg", &[&[8, 6, 4, 9][..], &jpeg, &jpeg].concat())?;
    for (chroma, len) in [("mono", 20), ("420", 32), ("422", 44), ("444", 60)] {
        let header = format!("YUV4MPEG2 W5 H4 F30:1 C{chroma}\n");
        let frame = [&b"FRAME\n"[..], &vec![128; len]].concat();
        let stream = [&[8, 6, 4, 9][..], header.as_bytes(), &frame, &frame].concat();
        write("pipe", &format!("y4m-{chroma}"), &stream)?;
    }
    Ok(())
}

fn write(target: &str, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(name), bytes)
}

fn picture(format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(18, 11, |x, y| {
        Rgb([(x * y) as u8, 9 * x as u8, 20 * y as u8])
    });
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, format)
        .expect("writing to memory does not fail");
    bytes.into_inner()
}
