//! What `face8x bench` prints.

use super::histogram::Histogram;
use super::report::{Case, Report, Row};
use super::session::Outcome;

/// Ranges of the histogram in the terminal, and the length of its longest bar.
const RANGES: usize = 16;
const COLUMNS: usize = 48;

/// The machine, then for each case its stages, its figures and its histogram, then the warnings.
pub fn text(outcome: &Outcome) -> String {
    let report = &outcome.report;
    let mut text = machine(report);
    for (case, latencies) in report.cases.iter().zip(&outcome.latencies) {
        text += &of_case(report, case);
        if let Some(histogram) = Histogram::of(latencies, RANGES) {
            text += "  end to end:\n";
            text += &histogram.text(COLUMNS);
        }
    }
    text += &warnings(report);
    text
}

/// What the machine says about itself, in a few lines.
pub fn machine(report: &Report) -> String {
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
            "  cores {}: governor {}, {} MHz of {} at most {}\n",
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

fn of_case(report: &Report, case: &Case) -> String {
    let mut text = format!(
        "\n{}, {}, threads {}: {}\n  {}; {}; view {}; {}\n",
        case.engine,
        case.model,
        case.threads,
        case.restorer,
        case.source,
        case.detector,
        case.view,
        case.sink
    );
    text += &format!(
        "  {:<11} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
        "stage, ms", "runs", "min", "p50", "p90", "p99", "p99.9", "max", "mean"
    );
    for row in report.rows_of(case) {
        text += &stage(row);
    }
    text + &totals(case)
}

fn stage(row: &Row) -> String {
    let f = &row.figures;
    let times = [f.min, f.median, f.p90, f.p99, f.p999, f.max, f.mean];
    let times: Vec<String> = times
        .map(|seconds| format!("{:>9.3}", seconds * 1e3))
        .into();
    format!("  {:<11} {:>8} {}\n", row.stage, f.runs, times.join(" "))
}

fn totals(case: &Case) -> String {
    let mark = if case.complete {
        ""
    } else {
        "  INCOMPLETE: stopped before its end\n"
    };
    let mut text = format!(
        "{mark}  {} frames in {:.1} s: {:.1} a second, {} skipped, {} without a face\n",
        case.frames, case.seconds, case.fps, case.skipped, case.faceless
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
    if let Some(cores) = case.seen.other_load {
        text += &format!(", other programs {cores:.2} cores");
    }
    text + "\n"
}

/// Why the figures cannot be trusted, a line each.
pub fn warnings(report: &Report) -> String {
    let mut text = String::new();
    if !report.complete {
        text += "\nINCOMPLETE: not everything that was asked for was measured\n";
    }
    if !report.warnings.is_empty() {
        text += "\nThese figures are not to be trusted:\n";
    }
    for warning in &report.warnings {
        text += &format!("  {}: {}\n", warning.code, warning.text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tests::report;

    #[test]
    fn every_figure_is_printed_once() {
        let mut report = report();
        report.cases[0].complete = false;
        report.complete = false;
        report.cases[0].joules_per_frame = Some(0.2);
        report.warnings.push(crate::bench::trust::Warning::new(
            "governor",
            "it is ondemand",
        ));
        let latencies = vec![vec![1_000_000, 1_200_000, 1_200_000]];
        let text = text(&Outcome { report, latencies });
        for line in [
            "Raspberry Pi 4 Model B Rev 1.4, 4 x Cortex-A72, kernel 6.6.51",
            "  restore         1024     0.500     0.600     0.700     0.900     1.000     2.000     0.610",
            "  INCOMPLETE: stopped before its end",
            "  1024 frames in 60.0 s: 17.1 a second, 0 skipped, 0 without a face",
            "  processor time 2.100 ms a frame, at most 40.5 MB of memory, 200.00 mJ a frame (3.41 W), other programs 0.01 cores",
            "These figures are not to be trusted:",
            "  governor: it is ondemand",
        ] {
            assert_eq!(
                text.lines().filter(|l| *l == line).count(),
                1,
                "{line:?} in:\n{text}"
            );
        }
        assert!(text.contains("2 ####"), "{text}");
    }
}
