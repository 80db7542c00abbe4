use super::histogram::{BAR, BAR_COLOUR, BARS_HEIGHT, LEFT, MARK, PANEL, WIDTH, draw};
use super::*;
use crate::bench::tests::report;
use crate::bench::warning::Warning;
use crate::picture::Picture;
use embedded_graphics::prelude::IntoStorage;

fn text(exporter: impl Exporter, report: &BenchReport) -> String {
    String::from_utf8(exporter.export(report).unwrap()).unwrap()
}

#[test]
fn csv_is_a_line_a_stage_in_seconds() {
    let mut report = report();
    report.results[1].model = "a,\"b\".onnx".into();
    report.results[0].times.spread = None;
    let expected = "\
engine,model,threads,stage,runs,min,median,mean,p90,p99,p999,max,median_low,median_high,machine,processor,version,date
face8x,face8x.onnx,1,restore,1024,0.0005,0.0006,0.00061,0.0007,0.0009,0.001,0.002,,,Raspberry Pi 4 Model B Rev 1.4,Cortex-A72,0.1.0,2026-11-22T21:30:00Z
face8x,\"a,\"\"b\"\".onnx\",1,end-to-end,1024,0.001,0.0012,0.00122,0.0014,0.0018,0.002,0.004,0.0012,0.0012,Raspberry Pi 4 Model B Rev 1.4,Cortex-A72,0.1.0,2026-11-22T21:30:00Z
";
    assert_eq!(text(CsvExporter, &report), expected);
}

#[test]
fn markdown_is_a_table_in_milliseconds_with_the_command_beside_it() {
    let mut report = report();
    report.cases[0].joules_per_frame = Some(0.0051);
    report.warnings.push(Warning::Emulated);
    let expected = "\
# face8x 0.1.0 on Raspberry Pi 4 Model B Rev 1.4

4 x Cortex-A72, kernel 6.6.51; 2026-11-22T21:30:00Z; `face8x bench`

## Stages

| engine | model | threads | stage | runs | min ms | p50 ms | p90 ms | p99 ms | p99.9 ms | max ms | mean ms |
|---|---|---|---|---|---|---|---|---|---|---|---|
| face8x | face8x.onnx | 1 | restore | 1024 | 0.500 | 0.600 | 0.700 | 0.900 | 1.000 | 2.000 | 0.610 |
| face8x | face8x.onnx | 1 | end-to-end | 1024 | 1.000 | 1.200 | 1.400 | 1.800 | 2.000 | 4.000 | 1.220 |

## Cases

- face8x, face8x.onnx, threads 1: 1024 frames in 60.0 s, 17.1 a second, 0 skipped; 40.5 MB; 2.100 ms of processor time a frame; 5.10 mJ a frame

## Caveats

- the processor is emulated: the figures say nothing about real boards
";
    assert_eq!(text(MarkdownExporter, &report), expected);
}

/// Rows of bar colour in the column of the middle of bar `index`.
fn height(picture: &Picture, index: u32) -> usize {
    let x = LEFT as u32 + BAR * index + 2;
    (0..picture.height)
        .filter(|&y| picture.row(y)[x as usize] == BAR_COLOUR.into_storage())
        .count()
}

#[test]
fn bars_are_as_high_as_their_counts_and_percentiles_are_marked() {
    // Times of 1.000 to 1.149 ms, a bar for each microsecond, the 31st twice as often.
    let mut times: Vec<u64> = (0..150).map(|i| 1_000_000 + i * 1000).collect();
    times.push(1_030_000);
    let picture = draw(&[("face8x".into(), &times)]);
    assert_eq!((picture.width, picture.height), (WIDTH, PANEL));
    assert_eq!(height(&picture, 30), BARS_HEIGHT as usize);
    assert_eq!(height(&picture, 50), BARS_HEIGHT as usize / 2);
    let marks = |x: usize| {
        (0..PANEL)
            .filter(|&y| picture.row(y)[x] == MARK.into_storage())
            .count()
    };
    let marked: Vec<usize> = (0..WIDTH as usize).filter(|&x| marks(x) > 120).collect();
    assert_eq!(marked.len(), 3, "{marked:?}");
    let middle = LEFT as usize + BAR as usize * 74;
    assert!(marked[0].abs_diff(middle) <= BAR as usize, "{marked:?}");
}

#[test]
fn a_case_without_times_and_no_case_are_drawn_too() {
    assert_eq!(draw(&[]).height, PANEL);
    let nothing: (String, &[u64]) = ("a".into(), &[]);
    let one: (String, &[u64]) = ("b".into(), &[5]);
    assert_eq!(draw(&[nothing, one]).height, 2 * PANEL);
}

#[test]
fn files_are_replaced_and_devices_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    let mut exports = Exports::default();
    exports.add(Some(&path), JsonExporter).unwrap();
    exports.add(Some(&"/dev/full".into()), CsvExporter).unwrap();
    exports.add(None, MarkdownExporter).unwrap();
    assert!(
        !path.exists(),
        "nothing is written before there are results"
    );
    exports.save(&report());
    assert_eq!(BenchReport::read(&path), Ok(report()));
    std::fs::remove_file(&path).unwrap();
    let error = exports.write(&report()).unwrap_err();
    assert!(error.to_string().contains("/dev/full"), "{error}");
    assert!(path.exists(), "one that fails does not stop the others");
    let missing = folder.path().join("no/a.csv");
    assert!(exports.add(Some(&missing), CsvExporter).is_err());
}

#[test]
fn standard_output_takes_one_format() {
    let mut exports = Exports::default();
    assert!(!exports.takes_stdout());
    exports.add(Some(&"-".into()), JsonExporter).unwrap();
    assert!(exports.takes_stdout());
    let error = exports
        .add(Some(&"/dev/stdout".into()), CsvExporter)
        .unwrap_err();
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn json_has_a_key_a_line_and_all_times_on_one() {
    let text = text(JsonExporter, &report());
    assert!(text.contains("\n  \"version\": \"0.1.0\",\n"), "{text}");
    assert!(
        text.contains("\"end_to_end_ns\": [1200000, 1300000]\n"),
        "{text}"
    );
    assert_eq!(BenchReport::parse(&text), Ok(report()));
}
