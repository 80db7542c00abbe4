//! Finds the faces of a picture file and writes each, restored, as `face-1.png`, `face-2.png` and
//! so on:
//!
//! ```sh
//! cargo run -p face8x-core --example restore -- group.jpg
//! ```

use face8x_core::{FaceRestorer, frame::Frame};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args_os().nth(1).ok_or("usage: restore PICTURE")?;
    let picture = image::open(file)?.into_rgb8();
    let (width, height) = picture.dimensions();
    let frame = Frame::from_rgb(width, height, picture.into_raw())?;
    for (face, number) in FaceRestorer::new()?.restore(&frame)?.iter().zip(1..) {
        let file = format!("face-{number}.png");
        image::save_buffer(file, &face.rgb(), 128, 128, image::ColorType::Rgb8)?;
    }
    Ok(())
}
