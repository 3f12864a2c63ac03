//! The configuration as it comes to be: keys with what they are of, and remarks.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a key gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Flag(bool),
    Number(u64),
    /// A number that Genlock does not take, and the nearest that it does.
    Moved {
        asked: u64,
        taken: u64,
    },
}

impl Value {
    pub(super) fn bounded(asked: u64, min: u64, max: u64) -> Self {
        match asked.clamp(min, max) {
            taken if taken == asked => Self::Number(taken),
            taken => Self::Moved { asked, taken },
        }
    }

    fn toml(&self) -> String {
        match self {
            Self::Text(text) => toml::Value::String(text.clone()).to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Number(number) | Self::Moved { taken: number, .. } => number.to_string(),
        }
    }
}

/// A key that is set, and where from.
#[derive(Debug)]
struct Setting {
    line: usize,
    directive: String,
    value: Value,
}

#[derive(Debug, Default)]
pub(super) struct Draft {
    /// By table and key, which is the order in which they are written.
    settings: BTreeMap<(&'static str, &'static str), Setting>,
    remarks: Vec<(usize, String)>,
}

impl Draft {
    /// Whether nothing was found.
    pub(super) fn is_empty(&self) -> bool {
        self.settings.is_empty() && self.remarks.is_empty()
    }

    /// Says something of a directive.
    pub(super) fn remark(&mut self, line: usize, directive: &str, text: &str) {
        self.remarks.push((line, format!("{directive} {text}")));
    }

    /// Sets `key` (`table.key`). Applications and servers of nginx-rtmp have settings of their own; here the first counts.
    pub(super) fn set(&mut self, line: usize, directive: &str, key: &'static str, value: Value) {
        let place = key.split_once('.').unwrap_or(("", key));
        if let Some(first) = self.settings.get(&place) {
            if first.value != value {
                let at = first.line;
                let text =
                    format!("is left out: {key} has its value from line {at}, and there is one");
                self.remark(line, directive, &text);
            }
            return;
        }
        if let Value::Moved { asked, taken } = value {
            self.remark(
                line,
                directive,
                &format!("would be {asked}: {key} is {taken}, the nearest"),
            );
        }
        let directive = directive.to_owned();
        self.settings.insert(place, Setting { line, directive, value });
    }

    /// The configuration as text.
    pub(super) fn finish(mut self) -> String {
        if self.settings.contains_key(&("hooks", "on_publish")) {
            let value = Value::Flag(true);
            let (line, directive) = self
                .settings
                .get(&("hooks", "on_publish"))
                .map_or((0, String::new()), |from| (from.line, from.directive.clone()));
            let note = "is asked with the stream key as `name`, as nginx-rtmp does (hooks.send_key); without it, with the camera's id";
            self.remark(line, &directive, note);
            self.settings.insert(("hooks", "send_key"), Setting { line, directive, value });
        }
        let mut text = String::from("# Made by `genlock import-nginx`.\n");
        self.remarks.sort_by_key(|(line, _)| *line);
        for (line, remark) in &self.remarks {
            // What stands in a file may hold line ends.
            let remark = remark.replace(char::is_control, " ");
            writeln!(text, "# line {line}: {remark}").expect(INTO_STRING);
        }
        let mut open = "";
        for ((table, key), setting) in &self.settings {
            if *table != open {
                writeln!(text, "\n[{table}]").expect(INTO_STRING);
                open = table;
            }
            let (value, line, directive) = (setting.value.toml(), setting.line, &setting.directive);
            writeln!(text, "{key} = {value} # line {line}: {directive}").expect(INTO_STRING);
        }
        text
    }
}

const INTO_STRING: &str = "writing to a string does not fail";
