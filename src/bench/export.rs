//! Results as CSV and as Markdown.

use super::report::{Report, Row};

/// A line a stage; times in seconds.
pub fn csv(report: &Report) -> String {
    let mut text =
        String::from("engine,model,threads,stage,runs,min,median,mean,p90,p99,p999,max\n");
    for row in &report.results {
        let f = &row.figures;
        text += &format!(
            "{},{},{},{},{},{},{},{},{},{},{},{}\n",
            quoted(&row.engine),
            quoted(&row.model),
            row.threads,
            quoted(&row.stage),
            f.runs,
            f.min,
            f.median,
            f.mean,
            f.p90,
            f.p99,
            f.p999,
            f.max
        );
    }
    text
}

/// A field of CSV (RFC 4180): in quotation marks where it holds a separator.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// The machine, a table of the stages in milliseconds, what each case took, and the warnings.
pub fn markdown(report: &Report) -> String {
    let machine = &report.machine;
    let mut text = format!(
        "{}, {} x {}, {}: `{}`\n\n",
        machine.name(),
        machine.cpus.unwrap_or(1),
        machine.cpu.as_deref().unwrap_or("unknown processor"),
        machine.kernel.as_deref().unwrap_or("unknown kernel"),
        report.command
    );
    text += "| engine | model | threads | stage | runs | min ms | p50 ms | p90 ms | p99 ms | \
             p99.9 ms | max ms | mean ms |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n";
    for row in &report.results {
        text += &markdown_row(row);
    }
    for case in &report.cases {
        let memory = case
            .peak_memory
            .map_or("?".into(), |b| format!("{:.1}", b as f64 / 1e6));
        text += &format!(
            "\n{}, {}, threads {}: {} frames in {:.1} s, {:.1} a second, {} skipped; {memory} MB; \
             {:.3} ms of processor time a frame",
            case.engine,
            case.model,
            case.threads,
            case.frames,
            case.seconds,
            case.fps,
            case.skipped,
            case.cpu_per_frame * 1e3
        );
        if let Some(joules) = case.joules_per_frame {
            text += &format!("; {:.2} mJ a frame", joules * 1e3);
        }
        text += "\n";
    }
    for warning in &report.warnings {
        text += &format!("\n- {}\n", warning.text);
    }
    text
}

fn markdown_row(row: &Row) -> String {
    let f = &row.figures;
    let times = [f.min, f.median, f.p90, f.p99, f.p999, f.max, f.mean];
    let times: Vec<String> = times.map(|seconds| format!("{:.3}", seconds * 1e3)).into();
    // A bar would end the cell.
    let cell = |text: &str| text.replace('|', "\\|");
    format!(
        "| {} | {} | {} | {} | {} | {} |\n",
        cell(&row.engine),
        cell(&row.model),
        row.threads,
        cell(&row.stage),
        f.runs,
        times.join(" | ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tests::report;

    #[test]
    fn csv_is_a_line_a_stage_in_seconds() {
        let mut report = report();
        report.results[1].model = "a,\"b\".onnx".into();
        let expected = "\
engine,model,threads,stage,runs,min,median,mean,p90,p99,p999,max
face8x,face8x.onnx,1,restore,1024,0.0005,0.0006,0.00061,0.0007,0.0009,0.001,0.002
face8x,\"a,\"\"b\"\".onnx\",1,end-to-end,1024,0.001,0.0012,0.00122,0.0014,0.0018,0.002,0.004
";
        assert_eq!(csv(&report), expected);
    }

    #[test]
    fn markdown_is_a_table_in_milliseconds_with_the_command_beside_it() {
        let mut report = report();
        report.cases[0].joules_per_frame = Some(0.0051);
        report.warnings.push(crate::bench::trust::Warning::new(
            "governor",
            "the governor is ondemand",
        ));
        let expected = "\
Raspberry Pi 4 Model B Rev 1.4, 4 x Cortex-A72, 6.6.51: `face8x bench`

| engine | model | threads | stage | runs | min ms | p50 ms | p90 ms | p99 ms | p99.9 ms | max ms | mean ms |
|---|---|---|---|---|---|---|---|---|---|---|---|
| face8x | face8x.onnx | 1 | restore | 1024 | 0.500 | 0.600 | 0.700 | 0.900 | 1.000 | 2.000 | 0.610 |
| face8x | face8x.onnx | 1 | end-to-end | 1024 | 1.000 | 1.200 | 1.400 | 1.800 | 2.000 | 4.000 | 1.220 |

face8x, face8x.onnx, threads 1: 1024 frames in 60.0 s, 17.1 a second, 0 skipped; 40.5 MB; 2.100 ms of processor time a frame; 5.10 mJ a frame

- the governor is ondemand
";
        assert_eq!(markdown(&report), expected);
    }
}
