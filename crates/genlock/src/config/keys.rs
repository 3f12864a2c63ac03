//! What stands in a configuration file, key by key: to tell what another version of it changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use toml::{Table, Value};

/// Every key that is set, with its value. A list is one value.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Keys(BTreeMap<String, Value>);

impl Keys {
    pub(super) fn new(table: Table) -> Self {
        let mut keys = BTreeMap::new();
        collect("", table, &mut keys);
        Self(keys)
    }

    /// The keys that are set otherwise in `newer`, added to it or gone from it.
    pub(crate) fn changed(&self, newer: &Self) -> Vec<String> {
        let all: BTreeSet<_> = self.0.keys().chain(newer.0.keys()).collect();
        let changed = all.into_iter().filter(|key| self.0.get(*key) != newer.0.get(*key));
        changed.cloned().collect()
    }

    /// Sets `key` as it is set in `newer`.
    pub(crate) fn take(&mut self, key: &str, newer: &Self) {
        match newer.0.get(key) {
            Some(value) => self.0.insert(key.to_owned(), value.clone()),
            None => self.0.remove(key),
        };
    }
}

fn collect(path: &str, table: Table, keys: &mut BTreeMap<String, Value>) {
    for (name, value) in table {
        let path = if path.is_empty() { name } else { format!("{path}.{name}") };
        match value {
            Value::Table(table) => collect(&path, table, keys),
            value => {
                keys.insert(path, value);
            }
        }
    }
}

impl fmt::Debug for Keys {
    /// Without the values, some of which are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Keys {
        Keys::new(toml::from_str(text).unwrap())
    }

    #[test]
    fn what_is_added_changed_and_gone_is_told_by_its_key() {
        let before = keys("data_dir = \"d\"\nhls.part_ms = 500\nlog.filter = \"info\"\n");
        let after = keys("data_dir = \"d\"\nlog = { filter = \"debug\" }\nhooks.targets = [{}]\n");
        assert_eq!(before.changed(&after), ["hls.part_ms", "hooks.targets", "log.filter"]);
        assert!(before.changed(&before).is_empty());
    }

    #[test]
    fn a_key_is_taken_over_by_itself() {
        let mut running = keys("hls.part_ms = 500\nlog.filter = \"info\"\n");
        let newer = keys("hls.part_ms = 400\n");
        running.take("log.filter", &newer);
        assert_eq!(running.changed(&newer), ["hls.part_ms"]);
    }

    #[test]
    fn values_are_not_printed() {
        let printed = format!("{:?}", keys("admin_token = \"secret-token\""));
        assert_eq!(printed, "{\"admin_token\"}");
    }
}
