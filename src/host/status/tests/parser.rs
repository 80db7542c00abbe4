//! A strict reader of OpenMetrics 1.0 text, written from its specification (the ABNF and the rules
//! for each type). What it does not know it refuses.

use std::collections::{BTreeMap, BTreeSet};

/// One sample: its whole name, its labels and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MetricSample {
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

/// A family of samples.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) unit: Option<String>,
    pub(super) help: Option<String>,
    pub(super) samples: Vec<MetricSample>,
}

impl Family {
    fn label_sets(&self, suffix: &str) -> Vec<(BTreeMap<String, String>, f64)> {
        let name = format!("{}{suffix}", self.name);
        let of_name = self.samples.iter().filter(|s| s.name == name);
        of_name.map(|s| (s.labels.clone(), s.value)).collect()
    }
}

/// Reads a page.
pub(super) fn parse(text: &str) -> Result<Vec<Family>, String> {
    let body = text
        .strip_suffix("# EOF\n")
        .ok_or("does not end with `# EOF`")?;
    let mut families: Vec<Family> = Vec::new();
    for line in body.split_inclusive('\n') {
        let line = line.strip_suffix('\n').ok_or("a line without its end")?;
        let read = match line.strip_prefix("# ") {
            Some(meta) => metadata(meta, &mut families),
            None => sample(line, &mut families),
        };
        read.map_err(|why| format!("{line:?}: {why}"))?;
    }
    let mut names = BTreeSet::new();
    for family in &families {
        if !names.insert(family.name.clone()) {
            return Err(format!("{} stands in two places", family.name));
        }
        check(family).map_err(|why| format!("{}: {why}", family.name))?;
    }
    Ok(families)
}

fn metadata(line: &str, families: &mut Vec<Family>) -> Result<(), String> {
    let mut words = line.splitn(3, ' ');
    let (Some(word), Some(name), Some(value)) = (words.next(), words.next(), words.next()) else {
        return Err("three words are needed".into());
    };
    if !is_name(name, true) {
        return Err("not a name".into());
    }
    if families.last().is_none_or(|family| family.name != name) {
        families.push(Family {
            name: name.into(),
            ..Family::default()
        });
    }
    let family = families.last_mut().ok_or("no family")?;
    if !family.samples.is_empty() {
        return Err("metadata behind samples".into());
    }
    let before = match word {
        "HELP" => family.help.replace(unescape(value)?),
        "UNIT" => family.unit.replace(value.into()),
        "TYPE" => {
            let before = std::mem::replace(&mut family.kind, value.into());
            (!before.is_empty()).then_some(before)
        }
        _ => return Err("an unknown word".into()),
    };
    match before {
        Some(_) => Err("given twice".into()),
        None => Ok(()),
    }
}

fn sample(line: &str, families: &mut [Family]) -> Result<(), String> {
    let end = line.find(['{', ' ']).ok_or("no value")?;
    let (name, rest) = line.split_at(end);
    if !is_name(name, true) {
        return Err("not a name".into());
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (BTreeMap::new(), rest),
    };
    let value = rest.strip_prefix(' ').ok_or("no space before the value")?;
    let family = families.last_mut().ok_or("a sample before any family")?;
    family.samples.push(MetricSample {
        name: name.into(),
        labels,
        value: number(value)?,
    });
    Ok(())
}

/// Reads labels up to the closing brace; what follows it is left.
fn labels(mut rest: &str) -> Result<(BTreeMap<String, String>, &str), String> {
    let mut labels = BTreeMap::new();
    loop {
        let (name, value) = rest.split_once("=\"").ok_or("a label without a value")?;
        if !is_name(name, false) {
            return Err(format!("{name:?} is no label's name"));
        }
        let mut escaped = false;
        let end = value.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.ok_or("a label without its end")?;
        if labels
            .insert(name.into(), unescape(&value[..end])?)
            .is_some()
        {
            return Err(format!("the label {name} stands twice"));
        }
        rest = &value[end + 1..];
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    let rest = rest.strip_prefix('}').ok_or("no closing brace")?;
    Ok((labels, rest))
}

fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some(c @ ('\\' | '"')) => c,
                other => return Err(format!("\\{other:?} is no escape")),
            },
            '"' => return Err("a bare quotation mark".into()),
            c => c,
        });
    }
    Ok(out)
}

/// `realnumber` of the specification, or an infinity or NaN in its words.
fn number(text: &str) -> Result<f64, String> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    match text {
        "+Inf" => Ok(f64::INFINITY),
        "-Inf" => Ok(f64::NEG_INFINITY),
        "NaN" => Ok(f64::NAN),
        _ if plain => text.parse().map_err(|e| format!("{text:?}: {e}")),
        _ => Err(format!("{text:?} is no number")),
    }
}

fn is_name(name: &str, colons: bool) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || (colons && c == ':');
    let mut chars = name.chars();
    chars.next().is_some_and(letter) && chars.all(|c| letter(c) || c.is_ascii_digit())
}

/// The rules of the family's type.
fn check(family: &Family) -> Result<(), String> {
    if let Some(unit) = &family.unit
        && !family.name.ends_with(&format!("_{unit}"))
    {
        return Err(format!("the name does not end in its unit {unit}"));
    }
    let suffixes: &[&str] = match family.kind.as_str() {
        "gauge" => &[""],
        "counter" => &["_total"],
        "histogram" => &["_bucket", "_count", "_sum"],
        "info" => &["_info"],
        other => return Err(format!("the type {other:?} is not known")),
    };
    let mut seen = BTreeSet::new();
    for MetricSample {
        name,
        labels,
        value,
    } in &family.samples
    {
        let suffix = name
            .strip_prefix(&family.name)
            .ok_or("a stranger's sample")?;
        if !suffixes.contains(&suffix) {
            return Err(format!("{name} does not belong to a {}", family.kind));
        }
        if !seen.insert((name.clone(), labels.clone())) {
            return Err(format!("{name} {labels:?} stands twice"));
        }
        let counts = family.kind != "gauge";
        if counts && !(value.is_finite() && *value >= 0.0) {
            return Err(format!("{name} cannot be {value}"));
        }
        if family.kind == "info" && *value != 1.0 {
            return Err("an info is not 1".into());
        }
    }
    match family.kind.as_str() {
        "histogram" => histogram(family),
        _ => Ok(()),
    }
}

fn histogram(family: &Family) -> Result<(), String> {
    let mut bounds = Vec::new();
    for (mut labels, count) in family.label_sets("_bucket") {
        let le = labels.remove("le").ok_or("a bucket without a bound")?;
        if !labels.is_empty() {
            return Err("only one histogram is expected".into());
        }
        if le != "+Inf" && !le.contains('.') {
            return Err(format!("the bound {le} is not in canonical form"));
        }
        bounds.push((number(&le)?, count));
    }
    let rising = |pair: &[(f64, f64)]| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1;
    if !bounds.windows(2).all(rising) {
        return Err("the buckets do not rise".into());
    }
    let last = bounds.last().ok_or("no bucket")?;
    match family.label_sets("_count")[..] {
        [(_, count)] if last.0 == f64::INFINITY && last.1 == count => Ok(()),
        _ => Err("the last bucket is not the count".into()),
    }
}
