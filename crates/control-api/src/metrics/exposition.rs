//! Prometheus text, exposition format 0.0.4.

use std::fmt::{Display, Write as _};

use super::families::Family;

/// A scrape as it is written.
#[derive(Default)]
pub(super) struct Exposition(String);

impl Exposition {
    /// The text.
    pub(super) fn finish(self) -> String {
        self.0
    }

    /// A family of one series.
    pub(super) fn single(&mut self, family: &Family, value: impl Display) {
        self.family(family, [([], value)]);
    }

    /// The same, where there is a value.
    pub(super) fn maybe(&mut self, family: &Family, value: Option<impl Display>) {
        if let Some(value) = value {
            self.single(family, value);
        }
    }

    /// A family of the series that `samples` gives: values of its labels, value. Without any it is left out, as the format
    /// asks for nothing about families without series.
    pub(super) fn family<'a, const LABELS: usize, V: Display>(
        &mut self,
        family: &Family,
        samples: impl IntoIterator<Item = ([&'a str; LABELS], V)>,
    ) {
        debug_assert_eq!(family.labels.len(), LABELS, "{}", family.name);
        for (number, (labels, value)) in samples.into_iter().enumerate() {
            if number == 0 {
                self.line(format_args!("# HELP {} {}", family.name, family.help));
                self.line(format_args!("# TYPE {} {}", family.name, family.kind));
            }
            self.0.push_str(family.name);
            for (place, (name, text)) in family.labels.iter().zip(labels).enumerate() {
                let before = if place == 0 { '{' } else { ',' };
                // Ids, words of ours and a version: nothing that would have to be escaped.
                write!(self.0, "{before}{name}=\"{text}\"").expect(INTO_STRING);
            }
            self.line(format_args!("{} {value}", if LABELS == 0 { "" } else { "}" }));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").expect(INTO_STRING);
    }
}

const INTO_STRING: &str = "writing to a string does not fail";
