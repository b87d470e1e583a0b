//! What is known about the files of a corpus: its `manifest.csv` and `expected.csv`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// A file, and what is known about it.
pub struct Entry {
    /// Where it lies in the corpus.
    pub path: String,
    /// The kind of file, such as `gpx`.
    pub format: String,
    values: HashMap<String, f64>,
}

impl Entry {
    /// A number that is known, and not 0.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.values.get(name).copied().filter(|value| *value != 0.0)
    }

    /// Whether a number is known to be 0.
    pub fn is_zero(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| *value == 0.0)
    }
}

/// A figure that the project a file comes from states in its tests.
pub struct Stated {
    /// Where the file lies in the corpus.
    pub path: String,
    /// What the figure is of, such as `ascent_m`.
    pub metric: String,
    /// A number or an instant.
    pub value: String,
}

/// The figures of `expected.csv`, in its order; none where there is none.
pub fn stated(corpus: &Path) -> Vec<Stated> {
    let text = fs::read_to_string(corpus.join("expected.csv")).unwrap_or_default();
    let stated = |line: &str| {
        let mut fields = fields(line).into_iter();
        Some(Stated { path: fields.next()?, metric: fields.next()?, value: fields.next()? })
    };
    text.lines().skip(1).filter_map(stated).collect()
}

/// The files of the manifest, in its order; none where there is no manifest.
pub fn entries(corpus: &Path) -> Vec<Entry> {
    let text = fs::read_to_string(corpus.join("manifest.csv")).unwrap_or_default();
    let mut lines = text.lines();
    let names = fields(lines.next().unwrap_or_default());
    lines.map(|line| entry(&names, &fields(line))).collect()
}

fn entry(names: &[String], fields: &[String]) -> Entry {
    let named = || names.iter().zip(fields);
    let text = |name| named().find(|(known, _)| *known == name).map(|(_, field)| field.clone());
    let number = |(name, field): (&String, &String)| Some((name.clone(), field.parse().ok()?));
    Entry {
        path: text("path").unwrap_or_default(),
        format: text("format").unwrap_or_default(),
        values: named().filter_map(number).collect(),
    }
}

/// The fields of a line, without the quotes around some.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => fields.last_mut().expect("one is always there").push(character),
        }
    }
    fields
}
