//! The end of an HTTP/1.1 answer, found with as little work as possible (RFC 9112 §6): the herd must not be slower
//! than the server.

use anyhow::{Context as _, bail, ensure};

/// Longest head of an answer in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
const CHUNKED_END: &[u8] = b"\r\n0\r\n\r\n";

/// Reads one answer.
#[derive(Debug, Default)]
pub(super) struct AnswerReader {
    state: State,
    status: u16,
}

#[derive(Debug)]
enum State {
    /// Until the empty line; what has come so far.
    Head(Vec<u8>),
    /// This much of the body is missing.
    Sized(usize),
    /// Until the last chunk; the last bytes that have come.
    Chunked(Vec<u8>),
}

impl Default for State {
    fn default() -> Self {
        Self::Head(Vec::new())
    }
}

impl AnswerReader {
    /// Takes bytes; returns the status code once the answer is whole.
    ///
    /// # Errors
    ///
    /// If the head is none, or says neither a length nor chunks.
    pub(super) fn push(&mut self, bytes: &[u8]) -> anyhow::Result<Option<u16>> {
        match &mut self.state {
            State::Head(head) => {
                head.extend_from_slice(bytes);
                ensure!(
                    head.len() <= HEAD_BYTES_MAX + bytes.len(),
                    "the answer's head is too long"
                );
                let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") else {
                    return Ok(None);
                };
                let mut head = std::mem::take(head);
                let body = head.split_off(end + 4);
                (self.status, self.state) = parse_head(&head)?;
                self.push(&body)
            }
            State::Sized(missing) => {
                *missing = missing.saturating_sub(bytes.len());
                Ok((*missing == 0).then_some(self.status))
            }
            State::Chunked(tail) => {
                tail.extend_from_slice(bytes);
                let ended = tail.ends_with(CHUNKED_END);
                tail.drain(..tail.len().saturating_sub(CHUNKED_END.len()));
                Ok(ended.then_some(self.status))
            }
        }
    }
}

fn parse_head(head: &[u8]) -> anyhow::Result<(u16, State)> {
    let head = std::str::from_utf8(head).context("the answer's head is not text")?;
    let mut lines = head.lines();
    let status =
        lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).context("not HTTP/1.1")?;
    let status = status.get(..3).context("no status")?.parse()?;
    for line in lines {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        if name.eq_ignore_ascii_case("content-length") {
            return Ok((status, State::Sized(value.trim().parse()?)));
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            // The line end before an empty body's last chunk is the head's.
            return Ok((status, State::Chunked(b"\r\n".to_vec())));
        }
    }
    bail!("the answer has no length");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every split into two gives the same status at the same byte.
    fn check(answer: &str, expect: u16) {
        for split in 0..answer.len() {
            let (first, second) = answer.as_bytes().split_at(split);
            let mut reader = AnswerReader::default();
            assert_eq!(reader.push(first).unwrap(), None, "{split}");
            assert_eq!(reader.push(second).unwrap(), Some(expect), "{split}");
        }
    }

    #[test]
    fn answers_end_by_length_or_chunk() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello", 200);
        check(
            "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            503,
        );
        check("HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n", 404);
        check("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 200);
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for answer in ["SSH-2.0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 2\r\n\r\n"] {
            assert!(AnswerReader::default().push(answer.as_bytes()).is_err(), "{answer}");
        }
        assert!(AnswerReader::default().push(&[b'a'; 2 * HEAD_BYTES_MAX]).is_ok());
        let mut reader = AnswerReader::default();
        let endless = (0..100).try_for_each(|_| reader.push(&[b'a'; 1024]).map(drop));
        assert!(endless.is_err());
    }
}
