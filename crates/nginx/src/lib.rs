//! A genlock.toml out of an nginx-rtmp.conf, with a remark on each of its directives: `genlock import-nginx FILE`.
//!
//! Pure: text in, text out. Does not follow `include` (`nginx -T` prints a whole configuration) and knows nothing of what
//! nginx serves beside nginx-rtmp.
//!
//! | module | owns |
//! |---|---|
//! | `syntax` | nginx's syntax |
//! | `directives` | what is known of each directive |
//! | `draft` | the configuration as it comes to be |
//! | `units` | times and sizes as nginx writes them |

mod directives;
mod draft;
mod syntax;
mod units;

use self::directives::{Fate, known};
use self::draft::{Draft, Value};
use self::syntax::Directive;
pub use self::syntax::SyntaxError;

/// Longest file that is read. `nginx -T` of a large installation is some hundred kB.
pub const FILE_BYTES_MAX: u64 = 4 << 20;

/// The configuration for what `text` configures, with its remarks as comments.
///
/// # Errors
/// When it is not nginx's syntax, or has no nginx-rtmp in it.
pub fn import(text: &str) -> Result<String, ImportError> {
    let mut draft = Draft::default();
    let mut has_rtmp = false;
    for directive in syntax::parse(text)? {
        match (directive.name.as_str(), &directive.block) {
            ("rtmp", Some(block)) => {
                has_rtmp = true;
                translate(&mut draft, block);
            }
            ("http", Some(block)) => look_for_statistics(&mut draft, block),
            ("include", _) => draft.remark(directive.line, "include", NOT_FOLLOWED),
            (name, _) if name.starts_with("rtmp_") => {
                translate(&mut draft, std::slice::from_ref(&directive));
            }
            _ => {}
        }
    }
    if !has_rtmp && draft.is_empty() {
        return Err(ImportError::NoRtmp);
    }
    Ok(draft.finish())
}

/// The directives that something is known of: nginx-rtmp's.
pub fn directives() -> impl Iterator<Item = &'static str> {
    directives::KNOWN.iter().map(|(name, ..)| *name)
}

/// Why there is nothing to import.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It is not nginx's syntax.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// nginx-rtmp is not in it.
    #[error(
        "there is no `rtmp` block in it (is that in an included file? `nginx -T` prints all of them)"
    )]
    NoRtmp,
}

const NOT_FOLLOWED: &str = "is not followed: run this on what `nginx -T` prints";

fn translate(draft: &mut Draft, block: &[Directive]) {
    for directive in block {
        translate_one(draft, directive);
        if let Some(block) = &directive.block {
            translate(draft, block);
        }
    }
}

/// nginx-rtmp's directives that stand among those of nginx's own HTTP server.
fn look_for_statistics(draft: &mut Draft, block: &[Directive]) {
    for directive in block {
        if directive.name.starts_with("rtmp_") {
            translate_one(draft, directive);
        } else if directive.name == "include" {
            draft.remark(directive.line, "include", NOT_FOLLOWED);
        }
        look_for_statistics(draft, directive.block.as_deref().unwrap_or_default());
    }
}

fn translate_one(draft: &mut Draft, directive: &Directive) {
    let (line, name) = (directive.line, directive.name.as_str());
    let Some((_, fate, note)) = known(name) else {
        let note = match name {
            "include" => NOT_FOLLOWED,
            _ => "is not known: it is none of nginx-rtmp 1.2.2's",
        };
        return draft.remark(line, name, note);
    };
    match fate {
        Fate::Key(key) => match value_of(directive) {
            Ok(Some(value)) => draft.set(line, name, key, value),
            Ok(None) => draft.remark(line, name, "is off, and so is it without the key"),
            Err(why) => draft.remark(line, name, &format!("is left out: {why}")),
        },
        Fate::BuiltIn => draft.remark(line, name, &format!("needs no key: {note}")),
        Fate::Elsewhere => draft.remark(line, name, &format!("is set elsewhere: {note}")),
        Fate::Missing => draft.remark(line, name, &format!("HAS NO COUNTERPART: {note}")),
    }
}

/// What a key gets; `None` for what is off.
fn value_of(directive: &Directive) -> Result<Option<Value>, String> {
    let argument = directive.arguments.first().map(String::as_str).unwrap_or_default();
    if argument == "off" && directive.name != "notify_update_strict" {
        return Ok(None);
    }
    let value = match directive.name.as_str() {
        "listen" => Value::Text(units::address(argument)?),
        "drop_idle_publisher" => seconds(argument, 2, 600)?,
        "hls_fragment" => millis(argument, 500, 8_000)?,
        "hls_playlist_length" => seconds(argument, 12, 300)?,
        "max_connections" => Value::bounded(units::count(argument)?, 1, 100_000),
        "record_max_size" => Value::bounded(units::bytes(argument)?.div_ceil(1 << 20), 16, 1 << 20),
        "record_interval" => Value::bounded(units::millis(argument)?.div_ceil(60_000), 1, 1_440),
        "notify_update_timeout" => seconds(argument, 1, 3_600)?,
        "netcall_timeout" => millis(argument, 100, 60_000)?,
        "notify_update_strict" => Value::Flag(argument == "on"),
        "notify_method" if !["get", "post"].contains(&argument) => {
            return Err(format!("`{argument}` is not a method"));
        }
        name if name.starts_with("on_") && !argument.contains("://") => {
            return Err(format!("`{argument}` is not a URL"));
        }
        _ if argument.is_empty() => return Err("it has no argument".to_owned()),
        _ => Value::Text(argument.to_owned()),
    };
    Ok(Some(value))
}

fn millis(argument: &str, min: u64, max: u64) -> Result<Value, String> {
    Ok(Value::bounded(units::millis(argument)?, min, max))
}

fn seconds(argument: &str, min: u64, max: u64) -> Result<Value, String> {
    Ok(Value::bounded(units::millis(argument)?.div_ceil(1000), min, max))
}

#[cfg(test)]
mod tests;
