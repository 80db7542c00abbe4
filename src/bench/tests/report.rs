use std::path::Path;

use super::report;
use crate::bench::machine::Machine;
use crate::bench::report::BenchReport;
use crate::bench::warning::Warning;

#[test]
fn a_report_survives_its_file() {
    let report = report();
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(BenchReport::parse(&text), Ok(report));
}

/// They are a code and a sentence in the file, for other programs.
#[test]
fn warnings_are_written_and_not_read() {
    let mut warned = report();
    warned.warnings.push(Warning::Governor("ondemand".into()));
    let json = serde_json::to_value(&warned).unwrap();
    assert_eq!(json["warnings"][0]["code"], "governor");
    let text = json["warnings"][0]["text"].as_str().unwrap();
    assert!(text.contains("'ondemand'"), "{text}");
    assert_eq!(BenchReport::parse(&json.to_string()), Ok(report()));
}

#[test]
fn other_files_are_refused_with_a_reason() {
    for (text, reason) in [
        ("", "invalid benchmark results: "),
        ("[]", "does not name its format"),
        ("{\"results\": []}", "does not name its format"),
        (
            "{\"schema\": \"face8x-bench/0\"}",
            "unknown format 'face8x-bench/0'",
        ),
        ("{\"schema\": \"face8x-bench/1\"}", "missing field"),
    ] {
        let error = BenchReport::parse(text).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert!(error.remedy_text().is_some());
    }
    assert!(BenchReport::read(Path::new("/no/such/file.json")).is_err());
}

#[test]
fn the_date_is_in_utc_and_to_the_second() {
    let date = BenchReport::new(Machine::default(), "face8x bench", false).date;
    assert!(
        date.ends_with('Z') && date.len() == 20 && *date > *"2026",
        "{date}"
    );
}
