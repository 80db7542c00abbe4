//! An older report beside a new one.

use super::report::{BenchReport, StageResult};
use super::time_stats::TimeStats;

/// A result that both reports have.
struct Change<'a> {
    old: &'a StageResult,
    new: &'a StageResult,
}

/// The results of the new report that the old one has too, in the new one's order.
fn changes<'a>(old: &'a BenchReport, new: &'a BenchReport) -> Vec<Change<'a>> {
    let before =
        |result: &StageResult| old.results.iter().find(|other| other.key() == result.key());
    let change = |new| before(new).map(|old| Change { old, new });
    new.results.iter().filter_map(change).collect()
}

/// In what the two machines, programs and networks differ: a sentence each. Ratios of different
/// machines compare machines, not programs.
fn differences(old: &BenchReport, new: &BenchReport) -> Vec<String> {
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
        let Some(before) = old.cases.iter().find(|other| other.name() == case.name()) else {
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

/// How many times as long it takes now: the ratio of the medians, and how far apart the parts of both
/// runs put it.
struct Ratio {
    median: f64,
    spread: Option<(f64, f64)>,
}

impl Ratio {
    fn of(old: &TimeStats, new: &TimeStats) -> Ratio {
        let spread = new.spread.zip(old.spread);
        Ratio {
            median: new.median / old.median,
            spread: spread.map(|(new, old)| (new.0 / old.1, new.1 / old.0)),
        }
    }

    /// What a difference is worth.
    fn verdict(&self) -> &'static str {
        match self.spread {
            Some((low, high)) if low <= 1.0 && 1.0 <= high => "within noise",
            Some((_, high)) if high < 1.0 => "faster",
            Some(_) => "slower",
            None => "spread unknown",
        }
    }
}

/// What differs, then a line for each result that both reports have: below 1 is faster than before.
/// At the end what only one of them has.
pub fn comparison(old: &BenchReport, new: &BenchReport) -> String {
    let mut text = String::new();
    for difference in differences(old, new) {
        text += &format!("not the same: {difference}\n");
    }
    text += &format!(
        "{:<11} {:<18} {:>7} {:<15} {:>10} {:>10} {:>7} {:>13} {:>6}\n",
        "engine",
        "model",
        "threads",
        "stage",
        "old p50 ms",
        "new p50 ms",
        "new/old",
        "spread",
        "p99"
    );
    for Change { old, new } in changes(old, new) {
        let ratio = Ratio::of(&old.times, &new.times);
        let spread = ratio
            .spread
            .map(|(low, high)| format!("{low:.2} to {high:.2}"));
        text += &format!(
            "{:<11} {:<18} {:>7} {:<15} {:>10.3} {:>10.3} {:>7.2} {:>13} {:>6.2}  {}\n",
            new.engine,
            new.model,
            new.threads,
            new.stage,
            old.times.median * 1e3,
            new.times.median * 1e3,
            ratio.median,
            spread.unwrap_or_default(),
            new.times.p99 / old.times.p99,
            ratio.verdict()
        );
    }
    text + &without_partner("old", old, new) + &without_partner("new", new, old)
}

/// The results that only `one` of the reports has, a line for each engine, model and thread count.
fn without_partner(name: &str, one: &BenchReport, other: &BenchReport) -> String {
    let mut cases: Vec<(String, Vec<&str>)> = Vec::new();
    for result in &one.results {
        if other
            .results
            .iter()
            .any(|partner| partner.key() == result.key())
        {
            continue;
        }
        let (engine, model, threads, stage) = result.key();
        let case = format!("{engine}, {model}, threads {threads}");
        match cases.iter_mut().find(|(name, _)| *name == case) {
            Some((_, stages)) => stages.push(stage),
            None => cases.push((case, vec![stage])),
        }
    }
    let line = |(case, stages): &(String, Vec<&str>)| {
        format!(
            "only in the {name} results: {case}: {}\n",
            stages.join(", ")
        )
    };
    cases.iter().map(line).collect()
}
