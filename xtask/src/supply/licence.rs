//! Licence expressions (SPDX 2.3, annex D): whether one can be kept with a list of licences.

/// Whether choosing among `allowed` satisfies `expression`. The old `MIT/Apache-2.0` means OR.
pub(super) fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    let satisfied = reader.any();
    satisfied && reader.words.is_empty()
}

/// Reads from the front; what is not understood is not allowed.
struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [&'a str],
}

impl<'a> Reader<'a> {
    fn any(&mut self) -> bool {
        let mut satisfied = self.all();
        while self.eat("OR") {
            satisfied |= self.all();
        }
        satisfied
    }

    fn all(&mut self) -> bool {
        let mut satisfied = self.one();
        while self.eat("AND") {
            satisfied &= self.one();
        }
        satisfied
    }

    fn one(&mut self) -> bool {
        if self.eat("(") {
            let satisfied = self.any();
            return self.eat(")") && satisfied;
        }
        let Some(licence) = self.take() else { return false };
        if !self.eat("WITH") {
            return self.allowed.contains(&licence);
        }
        let exception = self.take().unwrap_or_default();
        // An exception only allows more.
        self.allowed.contains(&licence)
            || self.allowed.contains(&&*format!("{licence} WITH {exception}"))
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.take();
        }
        found
    }

    fn take(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_will_do_and_all_of_several_must() {
        let allowed = ["MIT", "ISC", "Apache-2.0"];
        for (expression, expect) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("GPL-3.0 OR MIT", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0 AND MIT", false),
            ("(MIT OR GPL-3.0) AND ISC", true),
            ("(MIT OR GPL-3.0) AND Zlib", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("GPL-2.0 WITH Classpath-exception-2.0 OR ISC", true),
            ("", false),
            ("(MIT", false),
            ("MIT ISC", false),
        ] {
            assert_eq!(is_allowed(expression, &allowed), expect, "{expression}");
        }
    }
}
