//! Reading queries: `name=value` pairs of numbers, ids and cursors, none of which needs percent decoding.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use genlock_store::Timestamp;
use utoipa::IntoParams;

use crate::limits::{PAGE_DEFAULT, PAGE_MAX};
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;

/// The pairs of a query; a name alone has an empty value.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// The problem of a name that the query does not know; `known` tells those that it does.
pub(crate) fn unknown(name: &str, known: &str) -> Problem {
    let why = format!("the query knows only {known}");
    Problem::of_field(ProblemCode::UnknownField, name, why)
}

/// A number of entries, from 1 to `max`.
pub(crate) fn limit(value: &str, max: u16) -> Result<u16, Problem> {
    match value.parse() {
        Ok(limit) if (1..=max).contains(&limit) => Ok(limit),
        _ => Err(Problem::invalid("limit", format!("a page has 1 to {max} entries"))),
    }
}

/// Which page of a list is wanted.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many entries at most. Default 100.
    #[param(minimum = 1, maximum = 500, required = false, example = 100)]
    limit: u16,
    /// `next_after` of the page before.
    #[param(value_type = Option<String>, required = false, pattern = "^[0-9]{1,19}[.][A-Za-z0-9_-]{1,85}$", example = "1793448000000.q3vx5k2mhd7qpa4t")]
    after: Option<Cursor>,
}

/// Place of an entry in a list that is in the order of its times, or of other numbers. It stays a place when the entry
/// is gone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cursor {
    order: u64,
    id: String,
}

impl Cursor {
    /// Of an entry in a list by `order`, which entries may share.
    pub(crate) fn new(order: u64, id: impl ToString) -> Self {
        Self { order, id: id.to_string() }
    }

    /// Of an entry in a list by times.
    pub(crate) fn at(at: Timestamp, id: impl ToString) -> Self {
        Self::new(u64::try_from(at.as_millis()).unwrap_or(0), id)
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        let parts = text.split_once('.').filter(|(_, id)| !id.is_empty());
        let place = parts.and_then(|(order, id)| Some(Self::new(order.parse().ok()?, id)));
        place.ok_or_else(|| {
            Problem::invalid("after", "`after` is the `next_after` of the page before")
        })
    }

    fn text(&self) -> String {
        format!("{}.{}", self.order, self.id)
    }
}

impl PageQuery {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut page = Self { limit: PAGE_DEFAULT, after: None };
        for (name, value) in pairs(query) {
            match name {
                "limit" => page.limit = limit(value, PAGE_MAX)?,
                "after" => page.after = Some(Cursor::parse(value)?),
                _ => return Err(unknown(name, "`limit` and `after`")),
            }
        }
        Ok(page)
    }

    /// The page of `all`, and where the next one begins; `None` if this is the last.
    pub(crate) fn cut<T>(
        self,
        all: Vec<T>,
        place: impl Fn(&T) -> Cursor,
    ) -> (Vec<T>, Option<String>) {
        let first = self.after.map_or(0, |after| {
            let known = all.iter().position(|one| place(one) == after);
            let later = || all.iter().position(|one| place(one) > after);
            known.map(|known| known + 1).or_else(later).unwrap_or(all.len())
        });
        let limit = usize::from(self.limit);
        let more = all.len() - first > limit;
        let page: Vec<T> = all.into_iter().skip(first).take(limit).collect();
        let next = page.last().filter(|_| more).map(|last| place(last).text());
        (page, next)
    }
}

impl FromRequestParts<Arc<Shared>> for PageQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> Result<Self, Problem> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages of `all` (time, id) by `limit`, as text, until the last.
    fn pages(all: &[(u64, &str)], limit: u16) -> Vec<String> {
        let mut told = Vec::new();
        let mut after = String::new();
        loop {
            let (page, next) = page(all, limit, &after);
            told.push(page);
            let Some(next) = next else { return told };
            after = format!("&after={next}");
        }
    }

    fn page(all: &[(u64, &str)], limit: u16, after: &str) -> (String, Option<String>) {
        let query = PageQuery::parse(&format!("limit={limit}{after}")).unwrap();
        let (page, next) = query.cut(all.to_vec(), |(order, id)| Cursor::new(*order, id));
        (page.into_iter().map(|(_, id)| id).collect(), next)
    }

    #[test]
    fn pages_make_up_the_whole_list() {
        let all = [(1, "a"), (1, "b"), (1, "c"), (2, "d"), (3, "e")];
        assert_eq!(pages(&all, 2), ["ab", "cd", "e"]);
        assert_eq!(pages(&all, 5), ["abcde"]);
        assert_eq!(pages(&[], 1), [""]);
    }

    #[test]
    fn a_place_outlives_its_entry() {
        let all = [(1, "a"), (1, "c"), (2, "d")];
        assert_eq!(page(&all, 9, "&after=1.b").0, "cd");
        assert_eq!(page(&all, 9, "&after=2.d").0, "");
        assert_eq!(page(&all, 9, "&after=7.x").0, "");
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for query in
            ["limit=0", "limit=501", "limit=x", "limit", "after=", "after=1.", "after=x.a", "x=1"]
        {
            assert!(PageQuery::parse(query).is_err(), "{query}");
        }
        let default = PageQuery::parse("&&").unwrap();
        assert_eq!((default.limit, default.after), (PAGE_DEFAULT, None));
    }
}
