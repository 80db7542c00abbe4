use std::collections::VecDeque;

use proptest::prelude::*;

use super::press::{LONG, SETTLE};
use super::*;

const fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

/// The presses, and when they are reported, of a button that is up, then down for the first of
/// `segments`, up for the second and so on, in milliseconds; up for long at the end.
fn presses(segments: &[u64]) -> Vec<(Press, Duration)> {
    let mut machine = Presses::new(false);
    let (mut reported, mut now, mut down) = (Vec::new(), ms(1000), false);
    for (index, length) in segments.iter().chain([&10_000]).enumerate() {
        let level = index % 2 == 0 && index < segments.len();
        if level != down {
            down = level;
            reported.extend(machine.edge(down, now).map(|p| (p, now)));
        }
        let next = now + ms(*length);
        while let Some(due) = machine.deadline().filter(|due| *due <= next) {
            now = due.max(now);
            reported.extend(machine.time(now).map(|p| (p, now)));
        }
        now = next;
    }
    reported
}

/// The same by looking at the level in every millisecond.
fn expected(segments: &[u64]) -> Vec<(Press, u64)> {
    let mut raw = vec![false; 1000];
    for (index, length) in segments.iter().enumerate() {
        raw.extend(std::iter::repeat_n(index % 2 == 0, *length as usize));
    }
    raw.extend([false; 10_000]);
    let settle = SETTLE.as_millis() as usize;
    let mut counted = vec![false; raw.len()];
    for time in settle..raw.len() {
        let last = &raw[time - settle..time];
        counted[time] = match last.iter().filter(|level| **level).count() {
            0 => false,
            all if all == settle => true,
            _ => counted[time - 1],
        };
    }
    let mut reported = Vec::new();
    let mut begin = 0;
    let mut long = false;
    for time in 1..raw.len() {
        match (counted[time - 1], counted[time]) {
            (false, true) => (begin, long) = (time - settle, false),
            (true, false) if !long => reported.push((Press::Short, time as u64)),
            _ => {}
        }
        let held = time - begin >= LONG.as_millis() as usize;
        if counted[time] && raw[time - 1] && held && !long {
            long = true;
            reported.push((Press::Long, time as u64));
        }
    }
    reported
}

#[test]
fn a_tap_is_short_and_a_hold_is_long() {
    assert_eq!(presses(&[100]), [(Press::Short, ms(1120))]);
    assert_eq!(presses(&[900]), [(Press::Long, ms(1700))]);
    assert_eq!(
        presses(&[100, 300, 2000, 50, 60]),
        [
            (Press::Short, ms(1120)),
            (Press::Long, ms(2100)),
            (Press::Short, ms(3530)),
        ]
    );
}

#[test]
fn bounces_and_spikes_are_not_presses() {
    assert_eq!(presses(&[3, 2, 1, 4, 100, 2, 3]).len(), 1);
    assert_eq!(presses(&[10, 500, 19, 500, 1]), []);
    // A contact that opens for a moment while it is held.
    assert_eq!(presses(&[690, 15, 500]), [(Press::Long, ms(1705))]);
}

#[test]
fn a_button_that_is_down_at_the_start_counts_once_it_was_let_go() {
    let mut machine = Presses::new(true);
    assert_eq!(machine.deadline(), None);
    assert_eq!(machine.time(ms(9000)), None);
    assert_eq!(machine.edge(false, ms(9000)), None);
    assert_eq!(machine.time(ms(9100)), None);
    assert_eq!(machine.edge(true, ms(9200)), None);
    assert_eq!(machine.edge(false, ms(9300)), None);
    assert_eq!(machine.time(ms(9400)), Some(Press::Short));
}

proptest! {
    #[test]
    fn presses_are_those_of_the_settled_level(
        segments in proptest::collection::vec(
            prop_oneof![3 => 1_u64..30, 2 => 30_u64..600, 1 => 600_u64..1500], 0..40),
    ) {
        let reported = presses(&segments);
        let expected = expected(&segments);
        prop_assert_eq!(reported.len(), expected.len(), "{:?} {:?}", reported, expected);
        for ((press, at), (kind, time)) in reported.iter().zip(&expected) {
            prop_assert_eq!(press, kind);
            prop_assert!(at.abs_diff(ms(*time)) <= ms(1), "{:?} {:?}", reported, expected);
        }
    }
}

/// A line that plays edges, each at its time after the start.
struct Script {
    edges: VecDeque<(bool, u64)>,
    start: Duration,
    down: bool,
    /// Edges that the kernel lost are seen only by looking.
    lost: usize,
}

impl ButtonLine for Script {
    fn pressed(&self) -> Result<bool> {
        Ok(self.down)
    }

    fn wait(&mut self, timeout: Option<Duration>) -> Result<Wait> {
        let Some((down, at)) = self.edges.front().copied() else {
            return match timeout {
                Some(time) => {
                    std::thread::sleep(time);
                    Ok(Wait::Timeout)
                }
                None => Ok(Wait::Stop),
            };
        };
        let due = self.start + ms(at);
        let until = due.saturating_sub(monotonic_now());
        if let Some(time) = timeout.filter(|time| *time < until) {
            std::thread::sleep(time);
            return Ok(Wait::Timeout);
        }
        std::thread::sleep(until);
        self.edges.pop_front();
        self.down = down;
        if self.edges.len() < self.lost {
            return Ok(Wait::Timeout);
        }
        Ok(Wait::Edge {
            pressed: down,
            at: due,
        })
    }
}

fn play(edges: &[(bool, u64)], lost: usize) -> Vec<Press> {
    let mut line = Script {
        edges: edges.iter().copied().collect(),
        start: monotonic_now(),
        down: false,
        lost,
    };
    let (sender, receiver) = channel();
    watch(&mut line, &sender).unwrap();
    drop(sender);
    receiver.iter().collect()
}

#[test]
fn a_watched_line_reports_its_presses() {
    // The edges have their own times: a busy machine does not change what they mean.
    let edges = [
        (true, 10),
        (false, 12),
        (true, 14),
        (false, 150),
        (true, 300),
        (false, 1200),
    ];
    assert_eq!(play(&edges, 0), [Press::Short, Press::Long]);
}

#[test]
fn an_edge_that_the_kernel_lost_is_seen_by_looking() {
    assert_eq!(play(&[(true, 10), (false, 150)], 1), [Press::Short]);
}

#[test]
fn a_press_means_what_was_configured() {
    let view: ButtonOptions = "line=17".parse().unwrap();
    assert_eq!(view.action_of(Press::Short), ButtonAction::View);
    assert_eq!(view.action_of(Press::Long), ButtonAction::Freeze);
    let freeze: ButtonOptions = "line=17,action=freeze".parse().unwrap();
    assert_eq!(freeze.action_of(Press::Short), ButtonAction::Freeze);
    assert_eq!(freeze.action_of(Press::Long), ButtonAction::View);
}

#[test]
fn options_are_read_in_any_order_and_have_defaults() {
    let text = "line=4,chip=/dev/gpiochip4,action=freeze,active=high";
    let long: ButtonOptions = text.parse().unwrap();
    assert_eq!((long.line, long.active), (4, LineLevel::High));
    let turned = "active=high,action=freeze,chip=/dev/gpiochip4,line=4";
    assert_eq!(turned.parse::<ButtonOptions>().unwrap(), long);
    let short: ButtonOptions = "line=17".parse().unwrap();
    assert_eq!(short.chip, PathBuf::from("/dev/gpiochip0"));
    for (text, word) in [
        ("", "line"),
        ("chip=/dev/gpiochip0", "no line"),
        ("line=x", "no line"),
        ("line=17,acton=view", "acton"),
        ("line=17,action=veiw", "veiw"),
        ("line=17,active=up", "up"),
    ] {
        let error = text.parse::<ButtonOptions>().unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let whole = format!("{error} {}", error.remedy_text().unwrap());
        assert!(whole.contains(word), "{text}: {whole}");
    }
}

#[cfg(feature = "spi")]
#[test]
fn a_chip_that_is_not_there_has_a_remedy() {
    for (chip, word) in [
        ("/dev/gpiochip99", "does not exist"),
        ("/dev/null", "/dev/null"),
    ] {
        let options: ButtonOptions = format!("line=1,chip={chip}").parse().unwrap();
        let Err(error) = Button::open(&options) else {
            panic!("{chip} is a GPIO chip")
        };
        assert!(error.to_string().contains(word), "{error}");
        assert!(error.remedy_text().is_some(), "{error}");
    }
}
