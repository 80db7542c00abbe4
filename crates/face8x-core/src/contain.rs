//! Containing panics of libraries that panic where they should answer with an error.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// Whether this thread is inside [`contain`].
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; a panic in it becomes `Err` with its message, and nothing is printed.
///
/// What `work` was changing may be incomplete: callers drop it or start again.
pub fn contain<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !CONTAINED.get() {
                before(info);
            }
        }));
    });
    let outside = !CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    if outside {
        CONTAINED.set(false);
    }
    result.map_err(|payload| message(payload.as_ref()))
}

/// What a panic said, on one line.
fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let words: Vec<&str> = text
        .unwrap_or("it gave no reason")
        .split_whitespace()
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_become_errors() {
        assert_eq!(contain(|| 3), Ok(3));
        let said = contain::<()>(|| panic!("Invalid colorspace\n  {}", 99));
        assert_eq!(said, Err("Invalid colorspace 99".to_owned()));
        let nested = contain(|| contain::<()>(|| panic!("inner")).unwrap_err());
        assert_eq!(nested, Ok("inner".to_owned()));
        assert!(!CONTAINED.get());
    }
}
