use std::cell::RefCell;
use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::stats::{Event, LastFault};

/// A service whose messages are kept, one a line as they are sent.
fn service(watchdog: Option<Duration>) -> (Service, Rc<RefCell<Vec<String>>>) {
    let sent = Rc::new(RefCell::new(Vec::new()));
    let notify = {
        let sent = Rc::clone(&sent);
        move |states: &[NotifyState<'_>]| {
            sent.borrow_mut()
                .extend(states.iter().map(|s| s.to_string()));
            Ok(())
        }
    };
    (Service::new(Box::new(notify), watchdog), sent)
}

fn summary() -> Summary<'static> {
    Summary {
        fps: 29.7,
        faces: 1,
        source: "demo: 640x480",
        sink: "null",
        ..Summary::new(Event::Status)
    }
}

#[test]
fn ready_once_until_a_reload() {
    let (mut service, sent) = service(None);
    let now = Instant::now();
    service.picture(now);
    service.picture(now);
    assert_eq!(sent.take(), ["READY=1"]);
    service.reloading();
    service.reloaded(&Ok(()));
    let reloading = sent.take();
    assert_eq!(reloading[0], "RELOADING=1");
    let time = reloading[1].strip_prefix("MONOTONIC_USEC=").unwrap();
    assert!(time.parse::<u64>().unwrap() > 0, "{reloading:?}");
    service.picture(now);
    assert_eq!(sent.take(), ["READY=1"]);
}

#[test]
fn the_status_is_sent_when_it_changes() {
    let (mut service, sent) = service(None);
    service.status(&summary());
    service.status(&summary());
    let text = sent.take();
    assert_eq!(
        text,
        ["STATUS=30 fps, 1 face, demo: 640x480 to null; no fault"]
    );
    let fault = LastFault {
        what: "/dev/video0 is gone\nplug it in",
        seconds_ago: 200.0,
    };
    service.status(&Summary {
        faces: 2,
        fault: Some(fault),
        ..summary()
    });
    assert_eq!(
        sent.take(),
        [
            "STATUS=30 fps, 2 faces, demo: 640x480 to null; last fault 3 min ago: \
             /dev/video0 is gone plug it in"
        ]
    );
}

#[test]
fn a_refused_configuration_stays_in_the_status() {
    let (mut service, sent) = service(None);
    service.reloaded(&Err(Error::usage("face8x.toml: line 2: no key")));
    service.status(&summary());
    assert!(sent.take()[0].ends_with("the old configuration is kept: face8x.toml: line 2: no key"));
    service.reloaded(&Ok(()));
    service.status(&summary());
    assert!(sent.take()[0].ends_with("no fault"));
}

#[test]
fn a_failure_is_the_last_status() {
    let (mut service, sent) = service(None);
    service.failed(&Error::other("no display").remedy("name one\nwith --sink"));
    assert_eq!(
        sent.take(),
        [
            "STOPPING=1",
            "STATUS=no display (remedy: name one with --sink)"
        ]
    );
}

#[test]
fn ages_read_as_people_say_them() {
    for (seconds, text) in [
        (0.0, "less than a minute ago"),
        (61.0, "1 min ago"),
        (7199.0, "119 min ago"),
        (7200.0, "2 h ago"),
        (172_800.0, "2 days ago"),
    ] {
        assert_eq!(ago(seconds), text);
    }
}

#[test]
fn a_manager_that_is_gone_is_no_reason_to_stop() {
    let notify = |_: &[NotifyState<'_>]| Err(io::Error::from(io::ErrorKind::ConnectionRefused));
    let mut service = Service::new(Box::new(notify), Some(Duration::from_secs(1)));
    service.picture(Instant::now());
    service.stopping();
    assert!(service.notify_failed);
}

proptest! {
    /// Pictures that come at least every quarter of the watchdog's time feed it within half of
    /// it, and it is never fed more than five times in it.
    #[test]
    fn the_watchdog_is_fed_in_time_by_pictures_alone(
        gaps in proptest::collection::vec(1_u64..250, 1..200),
    ) {
        let (mut service, sent) = service(Some(Duration::from_secs(1)));
        let start = Instant::now();
        let (mut time, mut feeds) = (0, Vec::new());
        for gap in gaps {
            time += gap;
            service.picture(start + Duration::from_millis(time));
            feeds.extend(sent.take().iter().filter(|s| *s == "WATCHDOG=1").map(|_| time));
        }
        prop_assert!(!feeds.is_empty());
        for pair in feeds.windows(2) {
            prop_assert!((250..500).contains(&(pair[1] - pair[0])), "{:?}", pair);
        }
        prop_assert!(time - feeds[feeds.len() - 1] < 250);
    }
}
