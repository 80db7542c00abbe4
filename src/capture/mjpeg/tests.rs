use super::*;

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

/// What a scan of all `bytes` finds.
fn picture_at_start(bytes: &[u8]) -> Result<JpegPicture, NoPicture> {
    Scan::default().go_on(bytes)
}
use crate::capture::tests::jpeg;
use proptest::prelude::*;

/// `picture` with a whole other JPEG in an APP1 segment, as a thumbnail.
fn with_thumbnail(picture: &[u8]) -> Vec<u8> {
    let thumbnail = jpeg(8, 3);
    let mut bytes = vec![0xFF, SOI, 0xFF, 0xE1];
    bytes.extend((thumbnail.len() as u16 + 2).to_be_bytes());
    bytes.extend(&thumbnail);
    bytes.extend(&picture[2..]);
    bytes
}

/// Feeds `stream` in chunks of the sizes given, over and over: the pictures, and the number of
/// bytes of damaged ones; those that belong to no picture are left out.
fn split(stream: &[u8], chunks: &[usize]) -> (Vec<Vec<u8>>, usize) {
    let mut splitter = Splitter::default();
    let (mut pictures, mut damaged, mut between, mut rest) = (Vec::new(), 0, 0, stream);
    for chunk in chunks.iter().cycle() {
        let (now, later) = rest.split_at((*chunk).min(rest.len()));
        splitter.room(now.len())[..now.len()].copy_from_slice(now);
        splitter.wrote(now.len());
        loop {
            match splitter.split() {
                JpegSplit::Picture(bytes, _) => pictures.push(bytes.to_vec()),
                JpegSplit::Damaged(n) => damaged += n,
                JpegSplit::Between(n) => between += n,
                JpegSplit::NeedMoreData => break,
            }
        }
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    let used = pictures.iter().map(Vec::len).sum::<usize>() + damaged + between;
    assert_eq!(used + splitter.pending().len(), stream.len());
    (pictures, damaged)
}

/// Found by the fuzz target `mjpeg`: what follows a frame header of two bytes was its size, and made a
/// picture of it in a stream that was none by itself.
#[test]
fn a_frame_header_has_its_size_within_itself() {
    let bytes = [0xFF, SOI, 0xFF, 0xC0, 0, 2, 0xFF, 0xFF, EOI, 9, 9, 9, 9];
    for len in 9..=bytes.len() {
        assert_eq!(picture_at_start(&bytes[..len]), Err(NoPicture::Damaged(2)));
    }
}

#[test]
fn size_comes_from_the_frame_header_and_padding_is_left() {
    let mut bytes = jpeg(48, 1);
    let len = bytes.len();
    bytes.extend([0; 100]);
    let picture = JpegPicture {
        len,
        width: 48,
        height: 16,
    };
    assert_eq!(picture_at_start(&bytes), Ok(picture));
    assert_eq!(
        picture_at_start(&bytes[..len - 1]),
        Err(NoPicture::Incomplete)
    );
    assert_eq!(picture_at_start(&[0; 9]), Err(NoPicture::Damaged(0)));
    assert_eq!(
        picture_at_start(&[0xFF, SOI, 0xFF, EOI]),
        Err(NoPicture::Damaged(2))
    );
}

#[test]
fn thumbnail_does_not_split() {
    let picture = with_thumbnail(&jpeg(64, 9));
    let stream = [&picture[..], &picture[..]].concat();
    assert_eq!(split(&stream, &[7]), (vec![picture.clone(), picture], 0));
}

#[test]
fn picture_without_end_is_dropped_in_the_end() {
    let mut splitter = Splitter::default();
    let head = jpeg(16, 1);
    let head = &head[..head.len() - 2];
    splitter.room(head.len())[..head.len()].copy_from_slice(head);
    splitter.wrote(head.len());
    while splitter.split() == JpegSplit::NeedMoreData {
        assert!(splitter.pending().len() <= MAX_PICTURE);
        splitter.room(1 << 20)[..1 << 20].fill(7);
        splitter.wrote(1 << 20);
    }
    assert_eq!(splitter.pending().len(), 0);
}

/// A picture cut off anywhere behind its JFIF segment, which has to be believed, costs itself
/// alone.
#[test]
fn cut_picture_costs_itself() {
    let (cut, whole) = (jpeg(32, 5), jpeg(48, 6));
    for at in 20..cut.len() {
        let stream = [&whole, &cut[..at], &whole, &whole].concat();
        assert_eq!(
            split(&stream, &[61]),
            (vec![whole.clone(); 3], at),
            "cut at {at}"
        );
    }
}

/// What cameras and servers put between whole pictures is no damage.
#[test]
fn bytes_between_pictures_are_no_damage() {
    let pictures = vec![jpeg(16, 1), jpeg(32, 2), jpeg(48, 3)];
    for between in [
        &[0; 300][..],
        &[0xFF; 9],
        &[0xFF, EOI],
        &[0xFF, EOI, 0, 0],
        b"\r\n--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 812\r\n\r\n",
    ] {
        let mut stream = between.to_vec();
        pictures
            .iter()
            .for_each(|picture| stream.extend([picture, between].concat()));
        for chunk in [1, 7, 4096] {
            assert_eq!(
                split(&stream, &[chunk]),
                (pictures.clone(), 0),
                "{between:?}"
            );
        }
    }
}

/// Pictures of a camera that sends no end markers; the last one is had at the end of the stream.
#[test]
fn pictures_without_end_markers_end_where_the_next_begins() {
    let mut pictures = [jpeg(16, 1), jpeg(32, 2), jpeg(48, 3)];
    pictures
        .iter_mut()
        .for_each(|picture| picture.truncate(picture.len() - 2));
    for chunk in [1, 7, 4096] {
        assert_eq!(
            split(&pictures.concat(), &[chunk]),
            (pictures[..2].to_vec(), 0)
        );
    }
    let mut splitter = Splitter::default();
    let last = &pictures[2];
    splitter.room(last.len())[..last.len()].copy_from_slice(last);
    splitter.wrote(last.len());
    assert_eq!(splitter.split(), JpegSplit::NeedMoreData);
    let (bytes, picture) = splitter.last().unwrap();
    assert_eq!((bytes, picture.width), (&last[..], 48));
    assert_eq!(splitter.last(), None);
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_pictures(
        seeds in prop::collection::vec((1u32..5, any::<u8>(), any::<bool>()), 1..6),
        chunks in prop::collection::vec(1usize..3000, 1..8),
    ) {
        let pictures: Vec<_> = seeds
            .into_iter()
            .map(|(w, seed, thumb)| {
                let picture = jpeg(w * 16, seed);
                if thumb { with_thumbnail(&picture) } else { picture }
            })
            .collect();
        prop_assert_eq!(split(&pictures.concat(), &chunks), (pictures, 0));
    }

    /// Junk between pictures is skipped, and is no damage. (The junk holds no 0xFF: there it
    /// could look like the start of a picture.)
    #[test]
    fn junk_between_is_skipped(
        junk in prop::collection::vec(prop::collection::vec(0u8..0xFF, 0..50), 3),
        chunks in prop::collection::vec(1usize..500, 1..8),
    ) {
        let pictures = [jpeg(16, 1), jpeg(32, 2)];
        let stream = [&junk[0], &pictures[0], &junk[1], &pictures[1], &junk[2]]
            .map(|part| &part[..])
            .concat();
        prop_assert_eq!(split(&stream, &chunks), (pictures.to_vec(), 0));
    }

    /// Hostile bytes: no panic, no endless loop, nothing unaccounted for.
    #[test]
    fn any_bytes_are_survived(
        bytes in prop::collection::vec(prop_oneof![Just(0xFF), Just(SOI), Just(SOS), Just(0xC0), any::<u8>()], 0..2000),
        chunk in 1usize..300,
    ) {
        split(&bytes, &[chunk]);
    }
}
