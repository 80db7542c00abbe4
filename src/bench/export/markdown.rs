//! Results as Markdown: the machine, a table of the stages in milliseconds, the cases, the caveats.

use super::Exporter;
use crate::bench::report::{BenchCase, BenchReport, StageResult};
use crate::words::counted;
use face8x_core::Result;

/// The machine, the stages, the cases and the warnings.
pub struct MarkdownExporter;

impl Exporter for MarkdownExporter {
    fn export(&self, report: &BenchReport) -> Result<Vec<u8>> {
        let machine = &report.machine;
        let mut text = format!(
            "# face8x {} on {}\n\n{} x {}, kernel {}; {}; `{}`\n\n## Stages\n\n",
            report.version,
            machine.name(),
            machine.cpus.unwrap_or(1),
            machine.cpu.as_deref().unwrap_or("unknown processor"),
            machine.kernel.as_deref().unwrap_or("unknown"),
            report.date,
            report.command
        );
        text += "| engine | model | threads | stage | runs | min ms | p50 ms | p90 ms | p99 ms | \
                 p99.9 ms | max ms | mean ms |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n";
        text.extend(report.results.iter().map(row));
        if !report.cases.is_empty() {
            text += "\n## Cases\n\n";
        }
        text.extend(report.cases.iter().map(case));
        if !report.warnings.is_empty() {
            text += "\n## Caveats\n\n";
        }
        for warning in &report.warnings {
            text += &format!("- {warning}\n");
        }
        Ok(text.into_bytes())
    }
}

fn row(result: &StageResult) -> String {
    let times = result.times.in_milliseconds();
    let times: Vec<String> = times.map(|time| format!("{time:.3}")).into();
    // A bar would end the cell.
    let cell = |text: &str| text.replace('|', "\\|");
    format!(
        "| {} | {} | {} | {} | {} | {} |\n",
        cell(&result.engine),
        cell(&result.model),
        result.threads,
        cell(&result.stage),
        result.times.runs,
        times.join(" | ")
    )
}

fn case(case: &BenchCase) -> String {
    let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1e6);
    let mut text = format!(
        "- {}: {} in {:.1} s, {:.1} a second, {} skipped; {} MB; {:.3} ms of processor time a \
         frame",
        case.name(),
        counted(case.frames, "frame"),
        case.seconds,
        case.fps,
        case.skipped,
        case.peak_memory.map_or("?".into(), megabytes),
        case.cpu_per_frame * 1e3
    );
    if let Some(joules) = case.joules_per_frame {
        text += &format!("; {:.2} mJ a frame", joules * 1e3);
    }
    text + "\n"
}
