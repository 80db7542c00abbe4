use super::*;
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

/// Feeds `stream` in chunks of the sizes given, over and over: the pictures and the number of
/// dropped bytes.
fn split(stream: &[u8], chunks: &[usize]) -> (Vec<Vec<u8>>, usize) {
    let mut splitter = Splitter::default();
    let (mut pictures, mut dropped, mut rest) = (Vec::new(), 0, stream);
    for chunk in chunks.iter().cycle() {
        let (now, later) = rest.split_at((*chunk).min(rest.len()));
        splitter.room(now.len())[..now.len()].copy_from_slice(now);
        splitter.wrote(now.len());
        loop {
            match splitter.split() {
                Split::Picture(bytes, _) => pictures.push(bytes.to_vec()),
                Split::Dropped(n) => dropped += n,
                Split::Hungry => break,
            }
        }
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    assert_eq!(
        pictures.iter().map(Vec::len).sum::<usize>() + dropped + splitter.pending().len(),
        stream.len()
    );
    (pictures, dropped)
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
    let picture = Picture {
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
    while splitter.split() == Split::Hungry {
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
        let stream = [&cut[..at], &whole, &whole].concat();
        assert_eq!(
            split(&stream, &[61]),
            (vec![whole.clone(); 2], at),
            "cut at {at}"
        );
    }
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

    /// Junk between pictures is dropped, and exactly that. (The junk holds no 0xFF: there it
    /// could look like the start of a picture.)
    #[test]
    fn junk_between_is_dropped(
        junk in prop::collection::vec(prop::collection::vec(0u8..0xFF, 0..50), 3),
        chunks in prop::collection::vec(1usize..500, 1..8),
    ) {
        let pictures = [jpeg(16, 1), jpeg(32, 2)];
        let stream = [&junk[0], &pictures[0], &junk[1], &pictures[1], &junk[2]]
            .map(|part| &part[..])
            .concat();
        let (found, dropped) = split(&stream, &chunks);
        prop_assert_eq!(found, pictures);
        prop_assert_eq!(dropped, junk.iter().map(Vec::len).sum::<usize>());
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
