//! The syntax of nginx configuration files: directives of words, ended by `;` or followed by a block.
//!
//! Pure. Reads what `ngx_conf_file.c` reads: words in single or double quotes, `\` before what would end a word, `#`
//! comments, `${variable}` inside words. What nginx would refuse is an error that names the line.

use std::iter::Peekable;
use std::str::Chars;

/// How deep blocks may stand in blocks. Real files have four: http, server, location, if.
const DEPTH_MAX: usize = 16;

/// A directive: `name argument argument;` or `name argument { … }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    /// Where it begins, counted from 1.
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
    /// What stands in its block, if it has one.
    pub(super) block: Option<Vec<Self>>,
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct SyntaxError {
    line: usize,
    what: &'static str,
}

/// Reads a whole file.
pub(super) fn parse(text: &str) -> Result<Vec<Directive>, SyntaxError> {
    let mut lexer = Lexer { rest: text.chars().peekable(), line: 1 };
    parse_block(&mut lexer, 0)
}

fn parse_block(lexer: &mut Lexer<'_>, depth: usize) -> Result<Vec<Directive>, SyntaxError> {
    let mut directives = Vec::new();
    loop {
        let (line, name) = match lexer.next_token()? {
            (line, Token::Word(name)) => (line, name),
            (_, Token::Close) if depth > 0 => return Ok(directives),
            (_, Token::End) if depth == 0 => return Ok(directives),
            (line, Token::End) => return Err(error(line, "the file ends inside a block")),
            (line, Token::Close) => return Err(error(line, "a `}` closes nothing")),
            (line, Token::Semicolon | Token::Open) => {
                return Err(error(line, "a directive has no name"));
            }
        };
        let mut arguments = Vec::new();
        let block = loop {
            match lexer.next_token()? {
                (_, Token::Word(word)) => arguments.push(word),
                (_, Token::Semicolon) => break None,
                (line, Token::Open) if depth == DEPTH_MAX => {
                    return Err(error(line, "blocks stand too deep in each other"));
                }
                (_, Token::Open) => break Some(parse_block(lexer, depth + 1)?),
                (_, Token::Close | Token::End) => {
                    return Err(error(line, "the directive does not end with `;` or a block"));
                }
            }
        };
        directives.push(Directive { line, name, arguments, block });
    }
}

const fn error(line: usize, what: &'static str) -> SyntaxError {
    SyntaxError { line, what }
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Semicolon,
    Open,
    Close,
    End,
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
}

impl Lexer<'_> {
    /// The next token, and the line on which it begins.
    fn next_token(&mut self) -> Result<(usize, Token), SyntaxError> {
        self.skip_space();
        let line = self.line;
        let token = match self.rest.peek() {
            None => Token::End,
            Some(';') => self.single(Token::Semicolon),
            Some('{') => self.single(Token::Open),
            Some('}') => self.single(Token::Close),
            Some(&quote @ ('"' | '\'')) => {
                self.take();
                Token::Word(self.quoted(quote)?)
            }
            Some(_) => Token::Word(self.bare()),
        };
        Ok((line, token))
    }

    fn skip_space(&mut self) {
        while let Some(&character) = self.rest.peek() {
            if character == '#' {
                while self.rest.peek().is_some_and(|character| *character != '\n') {
                    self.take();
                }
            } else if character.is_whitespace() {
                self.take();
            } else {
                return;
            }
        }
    }

    fn single(&mut self, token: Token) -> Token {
        self.take();
        token
    }

    fn quoted(&mut self, quote: char) -> Result<String, SyntaxError> {
        let line = self.line;
        let mut word = String::new();
        loop {
            match self.take() {
                None => return Err(error(line, "a quoted word does not end")),
                Some('\\') => word.extend(self.escaped()),
                Some(character) if character == quote => return Ok(word),
                Some(character) => word.push(character),
            }
        }
    }

    fn bare(&mut self) -> String {
        let mut word = String::new();
        while let Some(&character) = self.rest.peek() {
            match character {
                ';' => break,
                // The one place where a brace is part of a word: `${name}`.
                '{' if word.ends_with('$') => self.variable(&mut word),
                '{' => break,
                character if character.is_whitespace() => break,
                '\\' => {
                    self.take();
                    word.extend(self.escaped());
                }
                character => {
                    self.take();
                    word.push(character);
                }
            }
        }
        word
    }

    fn variable(&mut self, word: &mut String) {
        while let Some(character) = self.take() {
            word.push(character);
            if character == '}' {
                return;
            }
        }
    }

    /// What a backslash and the next character stand for (`ngx_conf_read_token`): a space, tab or line end by their letters,
    /// what has a meaning without it, and else both.
    fn escaped(&mut self) -> impl Iterator<Item = char> + use<> {
        let (first, second) = match self.take() {
            Some('t') => (Some('\t'), None),
            Some('r') => (Some('\r'), None),
            Some('n') => (Some('\n'), None),
            Some(character @ ('"' | '\'' | '\\' | ';' | '{' | '}' | '#' | ' ')) => {
                (Some(character), None)
            }
            Some(character) => (Some('\\'), Some(character)),
            None => (Some('\\'), None),
        };
        first.into_iter().chain(second)
    }

    fn take(&mut self) -> Option<char> {
        let character = self.rest.next()?;
        if character == '\n' {
            self.line += 1;
        }
        Some(character)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<String> {
        let directives = parse(text).unwrap();
        let Directive { name, arguments, .. } = directives.into_iter().next().unwrap();
        std::iter::once(name).chain(arguments).collect()
    }

    fn refused(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn words_are_bare_quoted_or_escaped() {
        assert_eq!(words("push rtmp://a/b;"), ["push", "rtmp://a/b"]);
        assert_eq!(words("a 'b; {c}' \"d \\\" e\";"), ["a", "b; {c}", "d \" e"]);
        assert_eq!(words("a b\\ c \\;;"), ["a", "b c", ";"]);
        assert_eq!(words("a ${name}_x /x$name;"), ["a", "${name}_x", "/x$name"]);
        assert_eq!(words("a # no ; here\n b;"), ["a", "b"]);
        // A regular expression keeps its backslashes.
        assert_eq!(words("location ~ \\.m3u8$ {}"), ["location", "~", "\\.m3u8$"]);
    }

    #[test]
    fn blocks_stand_in_blocks_and_lines_are_counted() {
        let parsed = parse("rtmp {\n  server {\n    listen 1935;\n  }\n}\n").unwrap();
        let server = &parsed[0].block.as_ref().unwrap()[0];
        let listen = &server.block.as_ref().unwrap()[0];
        assert_eq!((server.line, listen.line, listen.name.as_str()), (2, 3, "listen"));
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn what_nginx_would_refuse_is_named_with_its_line() {
        assert_eq!(refused("a {\n"), "line 2: the file ends inside a block");
        assert_eq!(refused("a;\n}"), "line 2: a `}` closes nothing");
        assert_eq!(refused("\na b"), "line 2: the directive does not end with `;` or a block");
        assert_eq!(refused("{}"), "line 1: a directive has no name");
        assert_eq!(refused("a 'b;"), "line 1: a quoted word does not end");
        assert!(refused(&"a{".repeat(10_000)).contains("too deep"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z '\"{};#$\\\\\n]{0,200}") {
            let _ = parse(&text);
        }
    }
}
