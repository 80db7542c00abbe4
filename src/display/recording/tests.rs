use std::fs;
use std::path::{Path, PathBuf};

use face8x_core::convert::JpegDecoder;
use face8x_core::frame::{Frame, PixelFormat};
use proptest::prelude::*;

use super::avi::Avi;
use super::*;
use crate::capture::{self, ReadError, SourceOptions};

/// A JPEG picture of 32x16 pixels, whose grey is its number.
fn jpeg_of(number: u8) -> Vec<u8> {
    let mut picture = Picture::new(32, 16);
    picture.pixels.fill(u32::from(number) * 0x0001_0101);
    let mut bytes = Vec::new();
    crate::display::jpeg::compress(&picture, &mut Vec::new(), &mut bytes).unwrap();
    bytes
}

/// The grey of a JPEG picture.
fn grey_of(jpeg: &[u8]) -> u8 {
    let frame = Frame {
        format: PixelFormat::Mjpg,
        width: 32,
        height: 16,
        bytes: jpeg.to_vec(),
        ..Frame::empty()
    };
    JpegDecoder::new().decode(&frame).unwrap().bytes[0]
}

fn word(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// The chunks of a list: their names and contents; everything must add up.
fn chunks(list: &[u8]) -> Vec<(&[u8], &[u8])> {
    let (mut chunks, mut at) = (Vec::new(), 0);
    while at < list.len() {
        let size = word(list, at + 4);
        chunks.push((&list[at..at + 4], &list[at + 8..at + 8 + size]));
        at += 8 + size + size % 2;
    }
    assert_eq!(at, list.len());
    chunks
}

fn chunk<'a>(list: &'a [u8], name: &[u8; 4]) -> &'a [u8] {
    let found = chunks(list).into_iter().find(|(n, _)| n == name);
    found.unwrap_or_else(|| panic!("no {name:?}")).1
}

/// The list of this kind among the chunks.
fn list<'a>(outer: &'a [u8], kind: &[u8; 4]) -> &'a [u8] {
    let lists = chunks(outer)
        .into_iter()
        .filter(|(name, _)| name == b"LIST");
    let mut inner = lists.map(|(_, list)| list);
    let found = inner.find(|list| list.starts_with(kind));
    &found.unwrap_or_else(|| panic!("no {kind:?}"))[4..]
}

/// The pictures of an AVI file, read by its index and by its chunks, whatever comes behind what its
/// header knows. An empty one stands for the one before.
fn read_avi(bytes: &[u8]) -> Vec<Vec<u8>> {
    assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"AVI "[..]));
    let riff = &bytes[12..8 + word(bytes, 4)];
    let (hdrl, movi) = (list(riff, b"hdrl"), list(riff, b"movi"));
    let strl = list(hdrl, b"strl");
    let in_order: Vec<Vec<u8>> = chunks(movi)
        .into_iter()
        .filter(|(name, _)| name == b"00dc")
        .map(|(_, picture)| picture.to_vec())
        .collect();
    let indexes = chunk(strl, b"indx");
    let mut indexed = Vec::new();
    for part in 0..word(indexes, 4) {
        let entry = &indexes[24 + 16 * part..];
        let index = &bytes[word(entry, 0)..][..word(entry, 8)];
        assert_eq!(
            (&index[..4], word(index, 4)),
            (&b"ix00"[..], index.len() - 8)
        );
        let (count, base) = (word(index, 12), word(index, 20));
        assert_eq!(count, word(entry, 12));
        for picture in 0..count {
            let at = base + word(index, 32 + 8 * picture);
            indexed.push(bytes[at..][..word(index, 36 + 8 * picture)].to_vec());
        }
    }
    assert_eq!(indexed, in_order);
    for (header, at) in [(chunk(hdrl, b"avih"), 16), (chunk(strl, b"strh"), 32)] {
        assert_eq!(word(header, at), indexed.len());
    }
    assert_eq!(word(chunk(list(hdrl, b"odml"), b"dmlh"), 0), indexed.len());
    indexed
}

/// The numbered files of a folder, and what else is there, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    paths
}

#[test]
fn an_avi_file_is_whole_after_every_second_whatever_follows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("door.avi");
    let mut avi = Avi::begin(fs::File::create(&path).unwrap(), (32, 16), 30).unwrap();
    assert!(read_avi(&fs::read(&path).unwrap()).is_empty());
    for second in 0..3u8 {
        for number in 0..5 {
            avi.add(&jpeg_of(40 * second + number)).unwrap();
            avi.add(&[]).unwrap();
        }
        let before = fs::read(&path).unwrap();
        assert_eq!(
            read_avi(&before).len(),
            10 * usize::from(second),
            "not in the header yet"
        );
        avi.sync().unwrap();
        let pictures = read_avi(&fs::read(&path).unwrap());
        assert_eq!(pictures.len(), 10 * usize::from(second + 1));
        let last = &pictures[pictures.len() - 2];
        assert!(grey_of(last).abs_diff(40 * second + 4) <= 2);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// A power cut leaves any part of what came after the last second, and perhaps other bytes.
    #[test]
    fn a_power_cut_takes_the_last_second_only(kept in 0.0..1.0, noise in any::<[u8; 32]>()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("door.avi");
        let mut avi = Avi::begin(fs::File::create(&path).unwrap(), (32, 16), 30).unwrap();
        (0..4).for_each(|number| avi.add(&jpeg_of(number)).unwrap());
        avi.sync().unwrap();
        let safe = fs::read(&path).unwrap().len();
        (0..4).for_each(|number| avi.add(&jpeg_of(number)).unwrap());
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(safe + ((bytes.len() - safe) as f64 * kept) as usize);
        bytes.extend(noise);
        prop_assert_eq!(read_avi(&bytes).len(), 4);
    }

    /// Plain MJPEG is read to the last whole picture, wherever it was cut off after the first. (A file
    /// without any end marker is taken for a camera's that sends none.)
    #[test]
    fn plain_pictures_are_read_to_the_last_whole_one(cut in 0.2..1.0) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("door.mjpg");
        let names = RecordingNames::new(path.to_str().unwrap(), "mjpg", false).unwrap();
        let limits = FileLimits { pictures: None, keep: None };
        let mut writer = RecordingWriter::new(Container::Mjpg, names, 30, limits);
        let picture = Picture::new(32, 16);
        (0..6).for_each(|number| writer.take(&picture, number));
        writer.finish();
        let bytes = fs::read(&path).unwrap();
        let one = jpeg_of(0).len();
        // The first has a comment.
        let length = (bytes.len() as f64 * cut) as usize;
        let whole = (length.saturating_sub(bytes.len() - 6 * one)) / one;
        fs::write(&path, &bytes[..length]).unwrap();
        prop_assert_eq!(pictures_of(&path), whole);
    }
}

/// How many pictures the program's own reader finds in a file.
fn pictures_of(path: &Path) -> usize {
    let options = SourceOptions {
        fps: 0,
        ..SourceOptions::default()
    };
    let Ok(mut source) = capture::open(&format!("file:{}", path.display()), &options) else {
        return 0;
    };
    let (mut frame, mut count) = (Frame::empty(), 0);
    loop {
        match source.read(&mut frame, Duration::from_secs(5)) {
            Ok(()) if JpegDecoder::new().decode(&frame).is_ok() => count += 1,
            Ok(()) | Err(ReadError::Corrupt(_)) => {}
            Err(_) => return count,
        }
    }
}

#[test]
fn files_follow_each_other_and_the_oldest_of_ours_are_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("door-00002.avi"), vec![1; 400_000]).unwrap();
    fs::write(at("door-7.avi"), "a guest's").unwrap();
    fs::write(at("other-00001.avi"), vec![1; 400_000]).unwrap();
    let names = RecordingNames::new(at("door.avi").to_str().unwrap(), "avi", true).unwrap();
    let limits = FileLimits {
        pictures: Some(10),
        keep: Some(700_000),
    };
    let mut writer = RecordingWriter::new(Container::Avi, names, 10, limits);
    let picture = Picture::new(32, 16);
    (0..65).for_each(|number| writer.take(&picture, number));
    writer.finish();
    let names = files(folder.path()).into_iter().map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.to_owned()
    });
    // Each is some 70 kB, nearly all of it room for the index; four fit beside the guest's.
    let expected = [
        "door-00002.avi",
        "door-00006.avi",
        "door-00007.avi",
        "door-00008.avi",
        "door-00009.avi",
        "door-7.avi",
        "other-00001.avi",
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    assert_eq!(read_avi(&fs::read(at("door-00008.avi")).unwrap()).len(), 10);
    assert_eq!(read_avi(&fs::read(at("door-00009.avi")).unwrap()).len(), 5);
}

#[test]
fn times_sizes_and_gaps_are_those_of_the_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("door.avi");
    let names = RecordingNames::new(path.to_str().unwrap(), "avi", false).unwrap();
    let limits = FileLimits {
        pictures: None,
        keep: None,
    };
    let mut writer = RecordingWriter::new(Container::Avi, names, 10, limits);
    let (small, large) = (Picture::new(32, 16), Picture::new(48, 16));
    // Two within one, one left out, then another size, then nothing for over a minute.
    for (picture, number) in [
        (&small, 0),
        (&small, 0),
        (&small, 2),
        (&large, 3),
        (&large, 700),
    ] {
        writer.take(picture, number);
    }
    writer.finish();
    let sizes = files(folder.path()).into_iter().map(|path| {
        let pictures = read_avi(&fs::read(path).unwrap());
        pictures
            .iter()
            .map(|picture| !picture.is_empty())
            .collect::<Vec<_>>()
    });
    // door-00001.avi and door-00002.avi stand before door.avi.
    let expected = [vec![true], vec![true], vec![true, false, true]];
    assert_eq!(sizes.collect::<Vec<_>>(), expected);
}

#[test]
fn a_recording_needs_a_file_in_a_folder_that_takes_one() {
    let refused = |uri: &str| {
        let refused = crate::display::open(uri, &SinkOptions::default());
        let error = refused.err().unwrap();
        assert!(error.remedy_text().is_some(), "{uri}: {error}");
        (error.exit_code(), error.to_string())
    };
    assert_eq!(refused("avi:").0, 2);
    assert_eq!(refused("mjpg:films/").0, 2);
    let (code, text) = refused("avi:no/such/folder/door.avi");
    assert!(
        code == 1 && text.contains("no/such/folder/door.avi"),
        "{text}"
    );
}
