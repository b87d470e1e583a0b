//! Where one answer of a connection ends and the next begins, by what its head says of its length
//! (RFC 9112, section 6.3).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use actix_web::http::{Method, StatusCode};

/// More header fields than any answer of ours has.
const FIELDS_MAX: usize = 64;
/// What ends a chunk.
const LINE_END: u64 = 2;

/// The requests of a connection that are not answered yet.
#[derive(Clone, Debug, Default)]
pub struct Asked(Rc<Asking>);

#[derive(Debug, Default)]
struct Asking {
    /// Oldest first: the answer to a `HEAD` speaks of a content that does not follow.
    methods: RefCell<VecDeque<Method>>,
    /// What came since the last request began and while none waited for its answer.
    idle_bytes: Cell<u64>,
}

impl Asked {
    /// One more request, and what it asks for.
    pub fn push(&self, method: &Method) {
        self.0.methods.borrow_mut().push_back(method.clone());
        self.0.idle_bytes.set(0);
    }

    /// That these many bytes came; returns how many there are since the last request began while none waits for its
    /// answer: the rest of its body, or the next one.
    pub fn came(&self, bytes: usize) -> u64 {
        let idle = self.0.methods.borrow().is_empty();
        let sum = if idle { self.0.idle_bytes.get() + bytes as u64 } else { 0 };
        self.0.idle_bytes.set(sum);
        sum
    }

    fn pop(&self) -> Option<Method> {
        self.0.methods.borrow_mut().pop_front()
    }
}

/// Follows what is written to a connection.
///
/// Heads, and the sizes of chunks, are written whole into the buffer that it is shown, however little
/// of it the network takes at once: at a boundary what stands there can be read.
#[derive(Debug, Default)]
pub struct Framing {
    asked: Asked,
    /// Bytes until the next boundary.
    ahead: u64,
    /// What begins there.
    next: Part,
}

#[derive(Clone, Copy, Debug, Default)]
enum Part {
    #[default]
    Head,
    Chunk,
    /// What cannot be followed, or ends only with the connection.
    Rest,
}

impl Framing {
    /// One on which nothing has been said, for requests that `asked` is told of.
    pub fn new(asked: Asked) -> Self {
        Self { asked, ..Self::default() }
    }

    /// Whether an answer begins with the next byte.
    pub fn is_at_head(&self) -> bool {
        self.ahead == 0 && matches!(self.next, Part::Head)
    }

    /// How much of `content`, which comes next and is not empty, may pass before one has to look again.
    pub fn passes(&mut self, content: &[u8]) -> usize {
        if self.ahead == 0 {
            (self.ahead, self.next) = match self.next {
                Part::Head => self.head(content),
                Part::Chunk => chunk(content),
                Part::Rest => None,
            }
            .unwrap_or((u64::MAX, Part::Rest));
        }
        usize::try_from(self.ahead).unwrap_or(usize::MAX).min(content.len())
    }

    /// That these many bytes, no more than [`passes`](Self::passes) said, have been written.
    pub fn advance(&mut self, written: usize) {
        self.ahead = self.ahead.saturating_sub(written as u64);
    }

    /// The bytes until something else begins, and what that is.
    fn head(&mut self, content: &[u8]) -> Option<(u64, Part)> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut head = httparse::Response::new(&mut fields);
        let httparse::Status::Complete(length) = head.parse(content).ok()? else {
            return None;
        };
        let length = length as u64;
        let status = StatusCode::from_u16(head.code?).ok()?;
        if status.is_informational() {
            return Some((length, Part::Head));
        }
        let has_no_content = self.asked.pop() == Some(Method::HEAD)
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if has_no_content {
            return Some((length, Part::Head));
        }
        let field = |name: &str| {
            let field = head.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name))?;
            std::str::from_utf8(field.value).ok()
        };
        if field("transfer-encoding") == Some("chunked") {
            return Some((length, Part::Chunk));
        }
        let content: u64 = field("content-length")?.parse().ok()?;
        Some((length.checked_add(content)?, Part::Head))
    }
}

/// As [`Framing::head`], for a chunk; the last one is empty, and we send no trailers.
fn chunk(content: &[u8]) -> Option<(u64, Part)> {
    let httparse::Status::Complete((line, size)) = httparse::parse_chunk_size(content).ok()? else {
        return None;
    };
    let ahead = size.checked_add(line as u64)?.checked_add(LINE_END)?;
    Some((ahead, if size == 0 { Part::Head } else { Part::Chunk }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An answer of the server, and whether it is one to a `HEAD`.
    fn answer() -> impl Strategy<Value = (Vec<u8>, Method)> {
        let content = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            Just(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_vec()),
            Just(b"0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n".to_vec()),
        ];
        (content, 0..6, 1..80_usize).prop_map(|(content, kind, step)| {
            let sized = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len());
            let bare = |head: &str| (head.as_bytes().to_vec(), Method::GET);
            match kind {
                0 => ([sized.as_bytes(), &content].concat(), Method::GET),
                1 => (sized.into_bytes(), Method::HEAD),
                2 => bare("HTTP/1.1 204 No Content\r\n\r\n"),
                3 => bare("HTTP/1.1 304 Not Modified\r\ncontent-length: 70\r\n\r\n"),
                4 => (
                    [b"HTTP/1.1 100 Continue\r\n\r\n", sized.as_bytes(), &content].concat(),
                    Method::GET,
                ),
                _ => {
                    let mut sent =
                        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
                    for chunk in content.chunks(step) {
                        sent.extend(format!("{:X}\r\n", chunk.len()).bytes());
                        sent.extend([chunk, b"\r\n"].concat());
                    }
                    sent.extend(b"0\r\n\r\n");
                    (sent, Method::GET)
                }
            }
        })
    }

    proptest! {
        /// However little is taken at once, an answer is seen to begin where one does, and nowhere else.
        #[test]
        fn answers_begin_where_they_do(answers in prop::collection::vec(answer(), 1..6), takes in prop::collection::vec(1..200_usize, 1..9)) {
            let asked = Asked::default();
            let (mut all, mut begins) = (Vec::new(), Vec::new());
            for (answer, method) in &answers {
                asked.push(method);
                begins.push(all.len());
                // What goes before an answer is one for the framing.
                begins.extend(answer.starts_with(b"HTTP/1.1 100").then_some(all.len() + 25));
                all.extend(answer);
            }
            let mut framing = Framing::new(asked);
            let (mut at, mut seen) = (0, Vec::new());
            for take in takes.iter().cycle() {
                if at == all.len() {
                    break;
                }
                if framing.is_at_head() {
                    seen.push(at);
                }
                let written = framing.passes(&all[at..]).min(*take);
                framing.advance(written);
                at += written;
            }
            prop_assert_eq!(seen, begins);
            prop_assert!(framing.is_at_head());
        }
    }

    /// An answer whose end only the hanging up tells is followed by none.
    #[test]
    fn what_cannot_be_followed_is_not() {
        for head in
            ["HTTP/1.0 200 OK\r\n\r\n", "no head", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"]
        {
            let mut framing = Framing::default();
            let written = framing.passes(head.as_bytes());
            assert_eq!(written, head.len());
            framing.advance(written);
            assert!(!framing.is_at_head(), "{head}");
        }
    }
}
