//! `deny.toml`, as far as it is heeded here: cargo-deny reads the same file, so there is one list.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use crate::process;

/// What may be in the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rules {
    /// Licences that any package may have.
    licences: Vec<String>,
    /// Licences that only one package may have.
    exceptions: BTreeMap<String, Vec<String>>,
    /// Packages that may not be there, and why.
    pub(super) unwanted: BTreeMap<String, String>,
    /// Registries that packages may come from.
    pub(super) registries: Vec<String>,
}

impl Rules {
    /// Those of the workspace.
    pub(super) fn read() -> Result<Self> {
        let text = fs::read_to_string(process::root().join("deny.toml"));
        Self::parse(&text.context("cannot read deny.toml")?).context("deny.toml")
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let table: Table = toml::from_str(text)?;
        let list = |section: &str, key: &str| {
            let list = table.get(section).and_then(|section| section.get(key)?.as_array());
            list.with_context(|| format!("no list `{section}.{key}`"))
        };
        let of_crates = |section: &str, key: &str| {
            list(section, key)?
                .iter()
                .map(|rule| Ok((text_of(rule, "crate")?, rule)))
                .collect::<Result<Vec<_>>>()
        };
        for (section, key) in [("sources", "unknown-registry"), ("sources", "unknown-git")] {
            if table.get(section).and_then(|section| section.get(key)?.as_str()) != Some("deny") {
                bail!("`{section}.{key}` is not `deny`, and here it is");
            }
        }
        let exceptions = of_crates("licenses", "exceptions")?.into_iter().map(|(name, rule)| {
            let allowed = rule.get("allow").and_then(Value::as_array).context("no `allow`")?;
            Ok((name, texts(allowed)?))
        });
        let unwanted = of_crates("bans", "deny")?
            .into_iter()
            .map(|(name, rule)| Ok((name, text_of(rule, "reason")?)));
        Ok(Self {
            licences: texts(list("licenses", "allow")?)?,
            exceptions: exceptions.collect::<Result<_>>()?,
            unwanted: unwanted.collect::<Result<_>>()?,
            registries: texts(list("sources", "allow-registry")?)?,
        })
    }

    /// The licences that a package may have.
    pub(super) fn licences_of(&self, name: &str) -> Vec<&str> {
        let of_its_own = self.exceptions.get(name).into_iter().flatten();
        self.licences.iter().chain(of_its_own).map(String::as_str).collect()
    }
}

fn texts(list: &[Value]) -> Result<Vec<String>> {
    let texts = list.iter().map(|value| Some(value.as_str()?.to_owned()));
    texts.collect::<Option<_>>().context("a list holds something else than text")
}

fn text_of(rule: &Value, key: &str) -> Result<String> {
    let text = rule.get(key).and_then(Value::as_str);
    Ok(text.with_context(|| format!("a rule has no `{key}`"))?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_the_workspace_can_be_read() {
        let rules = Rules::read().unwrap();
        assert!(rules.licences_of("bytes").contains(&"MIT"));
        assert!(!rules.licences_of("bytes").contains(&"NCSA"));
        assert!(rules.licences_of("libfuzzer-sys").contains(&"NCSA"));
        assert_eq!(rules.unwanted["openssl-sys"], "rustls on ring");
        assert_eq!(rules.registries.len(), 1);
    }

    #[test]
    fn what_cargo_deny_would_let_pass_is_not_read_as_a_ban() {
        let text = std::fs::read_to_string(process::root().join("deny.toml")).unwrap();
        let lax = text.replace("unknown-git = \"deny\"", "unknown-git = \"warn\"");
        assert!(Rules::parse(&lax).unwrap_err().to_string().contains("unknown-git"));
        let without = text.replace("allow = [\n", "allowed = [\n");
        assert!(Rules::parse(&without).unwrap_err().to_string().contains("licenses.allow"));
    }
}
