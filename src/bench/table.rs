//! What `face8x bench` prints.

use super::histogram::TimeHistogram;
use super::report::{BenchCase, BenchReport, NetworkFacts, StageResult};
use crate::words::counted;

/// Ranges of the histogram in the terminal, and the length of its longest bar.
const RANGES: usize = 16;
const COLUMNS: usize = 48;

/// The machine, then for each case its stages, its figures and its histogram, then the caveats.
pub(crate) fn text(report: &BenchReport) -> String {
    let mut text = machine(report);
    for case in &report.cases {
        text += &of_case(report, case);
        if let Some(histogram) = TimeHistogram::new(&case.latencies, RANGES) {
            text += "  end to end:\n";
            text += &histogram.text(COLUMNS);
        }
    }
    text + &caveats(report)
}

/// The machine, in a few lines.
fn machine(report: &BenchReport) -> String {
    let machine = &report.machine;
    let mut text = format!(
        "{}, {} x {}, kernel {}\n",
        machine.name(),
        machine.cpus.unwrap_or(1),
        machine.cpu.as_deref().unwrap_or("unknown processor"),
        machine.kernel.as_deref().unwrap_or("unknown")
    );
    for group in &machine.clocks {
        let shown = |clock: Option<u32>| clock.map_or("?".into(), |clock| clock.to_string());
        text += &format!(
            "  cores {}: governor {}, {} MHz, limited to {} of {}\n",
            group.cores,
            group.governor.as_deref().unwrap_or("unknown"),
            shown(group.before),
            shown(group.limit),
            shown(group.max)
        );
    }
    if let (Some(before), Some(after)) = (machine.temperature_before, machine.temperature_after) {
        text += &format!("  temperature {before:.1} C before, {after:.1} C after\n");
    }
    text
}

fn of_case(report: &BenchReport, case: &BenchCase) -> String {
    let mut text = format!(
        "\n{}: {}\n  {}; {}; view {}; {}\n",
        case.name(),
        case.restorer,
        case.source,
        case.detector,
        case.view,
        case.sink
    );
    text += &format!(
        "  {:<15} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
        "stage, ms", "runs", "min", "p50", "p90", "p99", "p99.9", "max", "mean"
    );
    text.extend(report.results_of(case).map(stage));
    text + &totals(case)
}

fn stage(result: &StageResult) -> String {
    let times = result.times.in_milliseconds();
    let times: Vec<String> = times.map(|time| format!("{time:>9.3}")).into();
    format!(
        "  {:<15} {:>8} {}\n",
        result.stage,
        result.times.runs,
        times.join(" ")
    )
}

fn totals(case: &BenchCase) -> String {
    let mark = if case.complete {
        ""
    } else {
        "  INCOMPLETE: stopped early\n"
    };
    let mut text = format!(
        "{mark}  {} in {:.1} s: {:.1} a second, {} skipped, {} without a face\n",
        counted(case.frames, "frame"),
        case.seconds,
        case.fps,
        case.skipped,
        case.faceless
    );
    text += &format!(
        "  processor time {:.3} ms a frame",
        case.cpu_per_frame * 1e3
    );
    if let Some(bytes) = case.peak_memory {
        text += &format!(", at most {:.1} MB of memory", bytes as f64 / 1e6);
    }
    if let Some(joules) = case.joules_per_frame {
        text += &format!(", {:.2} mJ a frame", joules * 1e3);
        text += &format!(" ({:.2} W)", joules * case.fps);
    }
    if let Some(cores) = case.activity.other_load {
        text += &format!(", other programs {cores:.2} cores");
    }
    text + "\n"
}

/// Why the figures should be read with care, a line each.
fn caveats(report: &BenchReport) -> String {
    let mut text = String::new();
    if !report.complete {
        text += "\nINCOMPLETE: not everything that was requested was measured\n";
    }
    if !report.warnings.is_empty() {
        text += "\nCaveats:\n";
    }
    for warning in &report.warnings {
        text += &format!("  {}: {warning}\n", warning.code());
    }
    text
}

/// A line for each engine and network, measured without the pipeline. "times f32" is how many times
/// as fast as tract's floats it is, and the rate is in thousand millions of multiplications a second;
/// both are of the fastest runs.
pub(crate) fn model_table(report: &BenchReport) -> String {
    let mut text = format!(
        "{:<12} {:<18} {:>7} {:>11} {:>11} {:>10} {:>9} {:>6}\n",
        "engine", "model", "threads", "median ms", "min ms", "times f32", "GMAC/s", "runs"
    );
    for result in &report.results {
        let fastest = result.times.min;
        let mut results = report.results.iter();
        let floats = results.find(|r| r.engine == "tract-f32" && r.model == result.model);
        let ratio = floats.map(|floats| format!("{:.2}", floats.times.min / fastest));
        let multiplications = |network: &NetworkFacts| network.multiplications;
        let count = result.network.as_ref().and_then(multiplications);
        let rate = count.map(|count| format!("{:.0}", count as f64 / fastest / 1e9));
        text += &format!(
            "{:<12} {:<18} {:>7} {:>11.3} {:>11.3} {:>10} {:>9} {:>6}\n",
            result.engine,
            result.model,
            result.threads,
            result.times.median * 1e3,
            fastest * 1e3,
            ratio.unwrap_or_default(),
            rate.unwrap_or_default(),
            result.times.runs
        );
    }
    text
}
