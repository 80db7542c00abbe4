//! An older report beside a new one.

use super::report::{Report, Row};

/// A row that both reports have.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<'a> {
    pub old: &'a Row,
    pub new: &'a Row,
}

impl Change<'_> {
    /// The new median by the old one: below 1 is faster.
    pub fn median(&self) -> f64 {
        self.new.figures.median / self.old.figures.median
    }

    /// The same of the 99th percentile.
    pub fn p99(&self) -> f64 {
        self.new.figures.p99 / self.old.figures.p99
    }
}

/// The rows of the new report that the old one has too, in the new one's order.
pub fn changes<'a>(old: &'a Report, new: &'a Report) -> Vec<Change<'a>> {
    let before = |row: &Row| old.results.iter().find(|other| other.key() == row.key());
    new.results
        .iter()
        .filter_map(|new| before(new).map(|old| Change { old, new }))
        .collect()
}

/// In what the two machines, programs and networks differ: a sentence each. Ratios of different
/// machines compare machines, not programs.
pub fn differences(old: &Report, new: &Report) -> Vec<String> {
    let (a, b) = (&old.machine, &new.machine);
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".into());
    let number = |value: Option<usize>| value.map_or("unknown".into(), |n| n.to_string());
    let facts = [
        ("machine", shown(&a.model), shown(&b.model)),
        ("processor", shown(&a.cpu), shown(&b.cpu)),
        ("cores", number(a.cpus), number(b.cpus)),
        (
            "architecture",
            a.architecture.clone(),
            b.architecture.clone(),
        ),
        ("kernel", shown(&a.kernel), shown(&b.kernel)),
        ("build", old.build.clone(), new.build.clone()),
    ];
    let mut sentences: Vec<String> = facts
        .into_iter()
        .filter(|(_, old, new)| old != new)
        .map(|(what, old, new)| format!("{what}: {old} then, {new} now"))
        .collect();
    for case in &new.cases {
        let same = |other: &&super::report::Case| {
            (&other.engine, &other.model, other.threads)
                == (&case.engine, &case.model, case.threads)
        };
        let Some(before) = old.cases.iter().find(same) else {
            continue;
        };
        let name = format!("{}, {}", case.engine, case.model);
        if before.model_sha256 != case.model_sha256 {
            sentences.push(format!("{name}: another network of the same name"));
        }
        for (what, old, new) in [
            ("source", &before.source, &case.source),
            ("detector", &before.detector, &case.detector),
            ("view", &before.view, &case.view),
            ("sink", &before.sink, &case.sink),
        ] {
            if old != new {
                sentences.push(format!("{name}: {what}: {old} then, {new} now"));
            }
        }
    }
    sentences.dedup();
    sentences
}

/// A line for each row that both have.
pub fn text(changes: &[Change<'_>]) -> String {
    let mut text = format!(
        "{:<11} {:<18} {:>7} {:<11} {:>10} {:>10} {:>9} {:>9}\n",
        "engine", "model", "threads", "stage", "old p50 ms", "new p50 ms", "new/old", "p99"
    );
    for change in changes {
        let row = change.new;
        text += &format!(
            "{:<11} {:<18} {:>7} {:<11} {:>10.3} {:>10.3} {:>9.2} {:>9.2}\n",
            row.engine,
            row.model,
            row.threads,
            row.stage,
            change.old.figures.median * 1e3,
            row.figures.median * 1e3,
            change.median(),
            change.p99()
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tests::report;

    #[test]
    fn rows_are_matched_by_what_they_are_about() {
        let old = report();
        let mut new = report();
        new.results[0].figures.median *= 0.5;
        new.results[0].figures.p99 *= 2.0;
        new.results.swap(0, 1);
        let mut other = new.results[0].clone();
        other.threads = 4;
        new.results.push(other);
        let changes = changes(&old, &new);
        assert_eq!(changes.len(), 2, "4 threads were not measured before");
        assert_eq!((changes[0].median(), changes[0].p99()), (1.0, 1.0));
        assert_eq!((changes[1].median(), changes[1].p99()), (0.5, 2.0));
        assert_eq!(changes[1].new.stage, "restore");
        let text = text(&changes);
        assert!(
            text.lines()
                .nth(2)
                .unwrap()
                .ends_with("0.600      0.300      0.50      2.00"),
            "{text}"
        );
    }

    #[test]
    fn what_differs_is_told() {
        let old = report();
        assert!(differences(&old, &report()).is_empty());
        let mut new = report();
        new.machine.model = Some("Raspberry Pi 5".into());
        new.machine.cpus = None;
        new.build = "debug".into();
        new.cases[0].model_sha256 = Some("beef".into());
        new.cases[0].source = "file:a".into();
        assert_eq!(
            differences(&old, &new),
            [
                "machine: Raspberry Pi 4 Model B Rev 1.4 then, Raspberry Pi 5 now",
                "cores: 4 then, unknown now",
                "build: release then, debug now",
                "face8x, face8x.onnx: another network of the same name",
                "face8x, face8x.onnx: source: demo: YUYV 640x480 on demand then, file:a now",
            ]
        );
    }
}
