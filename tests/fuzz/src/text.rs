//! Text that people and programs write.

use face8x::internals::bench::{BenchReport, CsvExporter, Exporter, MarkdownExporter, comparison};
use face8x::internals::config::Options;
use face8x::internals::host::ButtonOptions;
use face8x_core::{Error, detect};

/// A configuration file is refused as a mistake in its use, or every value of it is fine.
pub fn config(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    match Options::from_toml(text) {
        Ok(options) => drop(options.resolve().expect("the file was checked")),
        Err(error) => usage(&error),
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
    let mut options = Options::default();
    let value = Some(text.to_owned());
    match choice {
        0 => options.size = value,
        1 => options.format = value,
        2 => options.view = value,
        3 => options.info_text = value,
        4 => options.metrics = value,
        5 => options.source = value,
        6 => options.sink = value,
        7 => options.detector = value,
        8 => return text.parse::<ButtonOptions>().map(drop),
        _ => return detect::open(&format!("box:{text}")).map(drop),
    }
    options.resolve().map(drop)
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
