use std::collections::VecDeque;

use super::super::ReadError;
use super::super::tests::jpeg;
use super::*;
use face8x_core::frame::monotonic_now;

const WAIT: Duration = Duration::from_secs(20);

/// What a fake source does at a read.
#[derive(Clone)]
enum SourceStep {
    Frame,
    Corrupt,
    Lost(&'static str),
    End,
    Panic,
    /// Gives nothing from here on.
    Silence,
}

struct FakeSource {
    steps: VecDeque<SourceStep>,
    sequence: u64,
    stall_timeout: Option<Duration>,
}

impl FakeSource {
    fn open(steps: &[SourceStep], first: u64) -> Box<dyn Source> {
        let stall_timeout = Some(WAIT);
        Box::new(FakeSource {
            steps: steps.iter().cloned().collect(),
            sequence: first,
            stall_timeout,
        })
    }
}

impl Source for FakeSource {
    fn describe(&self) -> String {
        "fake".into()
    }

    fn read(&mut self, frame: &mut Frame, timeout: Duration) -> std::result::Result<(), ReadError> {
        match self.steps.pop_front().unwrap_or(SourceStep::Silence) {
            SourceStep::Frame => {
                frame.sequence = self.sequence;
                self.sequence += 1;
                Ok(())
            }
            SourceStep::Corrupt => Err(ReadError::Corrupt("torn".into())),
            SourceStep::Lost(why) => Err(ReadError::Lost(Error::other(why))),
            SourceStep::End => Err(ReadError::End),
            SourceStep::Panic => panic!("a fault of the source's code"),
            SourceStep::Silence => {
                std::thread::sleep(timeout);
                Err(ReadError::Timeout)
            }
        }
    }

    fn stall_timeout(&self) -> Option<Duration> {
        self.stall_timeout
    }
}

/// A capture that begins with `first` and is opened again by `opener`.
fn capture(
    first: Option<Box<dyn Source>>,
    opener: impl FnMut() -> Result<Box<dyn Source>> + Send + 'static,
) -> Capture {
    Capture::spawn(first, Box::new(opener), false, None).unwrap()
}

fn no_more() -> Result<Box<dyn Source>> {
    Err(Error::other("gone for good"))
}

/// Takes until a frame with at least this number comes.
fn take_until(capture: &mut Capture, sequence: u64) -> u64 {
    let mut frame = Frame::empty();
    while capture.take(&mut frame, WAIT) == Taken::Frame {
        if frame.sequence >= sequence {
            return frame.sequence;
        }
    }
    panic!("frame {sequence} never came: {:?}", capture.state());
}

/// Polls until `done`.
fn wait_for(capture: &Capture, done: impl Fn(&Capture) -> bool) {
    let end = monotonic_now() + WAIT;
    while !done(capture) {
        assert!(monotonic_now() < end, "{:?}", capture.state());
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn frames_corrupt_ones_and_the_end_are_counted() {
    use SourceStep::*;
    let steps = [Frame, Corrupt, Frame, Corrupt, Corrupt, Frame, End];
    let mut capture = capture(Some(FakeSource::open(&steps, 0)), no_more);
    wait_for(&capture, |c| c.captured() == 3 && c.corrupt() == 3);
    let mut frame = face8x_core::frame::Frame::empty();
    let mut seen = 0;
    while capture.take(&mut frame, WAIT) == Taken::Frame {
        seen += 1;
    }
    assert_eq!(
        (frame.sequence, seen + capture.skipped()),
        (2, 3),
        "the last frame is not lost"
    );
    assert_eq!(capture.take(&mut frame, WAIT), Taken::End);
    assert_eq!((capture.lost(), capture.failure()), (0, None));
}

#[test]
fn lost_source_comes_back() {
    use SourceStep::*;
    let mut tries = 0;
    let mut capture = capture(
        Some(FakeSource::open(&[Frame, Lost("unplugged")], 0)),
        move || {
            tries += 1;
            match tries {
                1 | 2 => Err(Error::other("/dev/video0 does not exist")),
                _ => Ok(FakeSource::open(&[Frame, Frame, Silence], 100)),
            }
        },
    );
    wait_for(&capture, |c| {
        c.state() == CaptureState::Lost("/dev/video0 does not exist".into())
    });
    assert_eq!(take_until(&mut capture, 101), 101);
    assert_eq!(capture.state(), CaptureState::Running("fake".into()));
    assert_eq!(capture.lost(), 1);
}

/// A source that is lost after each frame is opened again after growing pauses: five in 0.3 + 0.6 +
/// 1.2 + 2.4 seconds.
#[test]
fn a_flapping_source_is_waited_for_longer_each_time() {
    use SourceStep::*;
    let mut tries = 0;
    let start = monotonic_now();
    let mut capture = capture(None, move || {
        tries += 1;
        Ok(FakeSource::open(&[Frame, Lost("gone again")], tries))
    });
    assert!(take_until(&mut capture, 4) >= 4);
    let took = monotonic_now() - start;
    assert!(took >= Duration::from_millis(2000), "{took:?}");
}

#[test]
fn hung_source_is_opened_again() {
    let stall_timeout = Some(Duration::from_millis(50));
    let hung = FakeSource {
        steps: [SourceStep::Frame].into(),
        sequence: 0,
        stall_timeout,
    };
    let mut capture = capture(Some(Box::new(hung)), || {
        Ok(FakeSource::open(&[SourceStep::Frame], 50))
    });
    assert_eq!(take_until(&mut capture, 50), 50);
    assert_eq!(capture.lost(), 1);
}

/// A source that gives nothing but damaged frames is opened again too.
#[test]
fn damaged_for_ever_is_hung() {
    struct Torn;
    impl Source for Torn {
        fn describe(&self) -> String {
            "torn".into()
        }
        fn read(&mut self, _: &mut Frame, _: Duration) -> std::result::Result<(), ReadError> {
            std::thread::sleep(Duration::from_millis(1));
            Err(ReadError::Corrupt("torn".into()))
        }
        fn stall_timeout(&self) -> Option<Duration> {
            Some(Duration::from_millis(20))
        }
    }
    let mut capture = capture(Some(Box::new(Torn)), || {
        Ok(FakeSource::open(&[SourceStep::Frame], 9))
    });
    assert_eq!(take_until(&mut capture, 9), 9);
}

#[test]
fn source_that_cannot_be_opened_again_fails() {
    let source = FakeSource {
        steps: [SourceStep::Lost("3 bytes left")].into(),
        sequence: 0,
        stall_timeout: None,
    };
    let mut capture = capture(Some(Box::new(source)), || panic!("opened again"));
    assert_eq!(capture.take(&mut Frame::empty(), WAIT), Taken::End);
    assert_eq!(capture.failure(), Some(Error::other("3 bytes left")));
}

#[test]
fn a_thread_that_dies_is_a_failure() {
    let mut capture = capture(Some(FakeSource::open(&[SourceStep::Panic], 0)), no_more);
    assert_eq!(capture.take(&mut Frame::empty(), WAIT), Taken::End);
    let failure = capture.failure().unwrap();
    assert_eq!(failure.to_string(), "the capture thread panicked");
    assert_eq!(failure.exit_code(), 1);
}

#[test]
fn kiosk_begins_without_a_camera() {
    let mut tries = 0;
    let mut capture = capture(None, move || {
        tries += 1;
        if tries < 3 {
            no_more()
        } else {
            Ok(FakeSource::open(&[SourceStep::Frame], 5))
        }
    });
    assert!(matches!(capture.state(), CaptureState::Lost(_)));
    assert_eq!(
        capture.take(&mut Frame::empty(), Duration::ZERO),
        Taken::Timeout
    );
    assert_eq!(take_until(&mut capture, 5), 5);
    assert_eq!(capture.lost(), 0, "it was never there to be lost");
}

#[test]
fn drop_does_not_wait_for_the_backoff_or_a_hung_driver() {
    let start = monotonic_now();
    for _ in 0..3 {
        let waiting = capture(None, no_more);
        wait_for(&waiting, |c| {
            c.state() == CaptureState::Lost("gone for good".into())
        });
        drop(waiting);
    }
    // A driver that hangs in its open for a minute: the thread is left behind.
    let (entered, inside) = std::sync::mpsc::channel();
    let hung = capture(None, move || {
        let _ = entered.send(());
        std::thread::sleep(Duration::from_secs(60));
        no_more()
    });
    inside.recv().unwrap();
    drop(hung);
    assert!(monotonic_now() - start < Duration::from_secs(50));
}

#[test]
fn start_reports_what_is_wrong_and_retrying_waits() {
    let options = SourceOptions::default();
    assert!(Capture::start("/no/such/face.png", &options).is_err());
    assert_eq!(
        Capture::start_retrying("zzz", &options)
            .err()
            .unwrap()
            .exit_code(),
        2
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("late.mjpg");
    let uri = path.to_str().unwrap();
    let mut capture = Capture::start_retrying(uri, &options).unwrap();
    wait_for(
        &capture,
        |c| matches!(c.state(), CaptureState::Lost(why) if why.contains("late.mjpg")),
    );
    std::fs::write(&path, jpeg(32, 1)).unwrap();
    let mut frame = Frame::empty();
    assert_eq!(capture.take(&mut frame, WAIT), Taken::Frame);
    assert_eq!(frame.width, 32);
    assert_eq!(capture.take(&mut frame, WAIT), Taken::End);
}

/// The whole way with a real command that dies after each frame: it is run again.
#[test]
fn dead_command_is_run_again() {
    let options = SourceOptions {
        width: 4,
        height: 4,
        format: Some(face8x_core::frame::PixelFormat::Grey),
        ..SourceOptions::default()
    };
    let mut capture = Capture::start("pipe:head -c 16 /dev/zero; exit 3", &options).unwrap();
    for _ in 0..2 {
        assert_eq!(capture.take(&mut Frame::empty(), WAIT), Taken::Frame);
    }
    wait_for(
        &capture,
        |c| matches!(c.state(), CaptureState::Lost(why) if why.contains("exit status: 3")),
    );
    assert!(capture.lost() >= 1);
}

#[test]
fn frames_on_demand_come_one_by_one_and_none_is_skipped() {
    let steps = vec![SourceStep::Frame; 50];
    let opener = Box::new(|| Err(Error::other("gone")));
    let mut capture =
        Capture::spawn(Some(FakeSource::open(&steps, 0)), opener, true, None).unwrap();
    let mut frame = Frame::empty();
    for sequence in 0..50 {
        assert_eq!(capture.captured(), sequence, "nothing is read ahead");
        assert_eq!(capture.take(&mut frame, WAIT), Taken::Frame);
        assert_eq!(frame.sequence, sequence);
    }
    assert_eq!(capture.skipped(), 0);
}
