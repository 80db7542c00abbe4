//! Text that people and programs write.

use face8x::internals::bench::{BenchReport, CsvExporter, Exporter, MarkdownExporter, comparison};
use face8x::internals::config::RunOptions;
use face8x::internals::host::ButtonOptions;
use face8x_core::Error;
use face8x_core::detect::{self, SearchOptions};

/// A configuration file is read, or refused as a mistake in its use.
pub fn config(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Err(error) = RunOptions::from_toml(text) {
        usage(&error);
    }
}

/// Values of the command line that are more than a name or a number.
pub fn values(data: &[u8]) {
    let Some((choice, text)) = data.split_first() else {
        return;
    };
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    if let Err(error) = value(choice % 10, text) {
        usage(&error);
    }
}

fn value(choice: u8, text: &str) -> face8x_core::Result<()> {
    let flag = match choice {
        0 => "size",
        1 => "format",
        2 => "view",
        3 => "info-text",
        4 => "metrics",
        5 => "source",
        6 => "sink",
        7 => "detector",
        8 => return text.parse::<ButtonOptions>().map(drop),
        _ => return detect::open(&format!("box:{text}"), &SearchOptions::PHOTO).map(drop),
    };
    RunOptions::with(&[(flag, text)]).map(drop)
}

fn usage(error: &Error) {
    assert_eq!(error.exit_code(), 2, "{error}");
    crate::explained(error);
}

/// A benchmark's file can be written and read again, compared and exported. (Its numbers may change in
/// their last digit: the reader is quick rather than exact.)
pub fn report(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    match BenchReport::parse(text) {
        Err(error) => crate::explained(&error),
        Ok(report) => {
            let json = serde_json::to_string(&report).expect("what was read can be written");
            let again = BenchReport::parse(&json).expect("what was written can be read");
            comparison(&report, &again);
            CsvExporter
                .export(&report)
                .expect("every name can stand in CSV");
            MarkdownExporter
                .export(&report)
                .expect("every name can stand in Markdown");
        }
    }
}
