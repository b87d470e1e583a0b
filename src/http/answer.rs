//! Answers that clients may keep, and edits that must not overwrite what they have not seen.

use actix_web::body::{BoxBody, MessageBody, SizedStream};
use actix_web::http::header::{self, CROSS_ORIGIN_RESOURCE_POLICY};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use bytes::Bytes;
use futures_util::{Stream, stream};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::network::Network;
use super::problem::Problem;
use super::room::AnswerRoom;
use super::session::app_data;
use crate::db::commons::Rendition;
use crate::domain::Visibility;

/// A content that is longer takes room, in bytes.
const HELD_BYTES_MIN: usize = 128 * 1024;
/// How much of it is handed on at a time, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// Who may keep an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Nobody: it is its owner's.
    Nobody,
    /// Anyone, if they ask each time whether it still holds. So a withdrawn one is gone at once.
    Everyone,
    /// Whoever was shown it, for good, without asking: under this address it never changes, and it was
    /// published. Caches that others share may not: there a withdrawn one would go on being served.
    Viewer,
}

impl Keep {
    /// What is published anyone may keep; what is for some of them, nobody.
    pub const fn of(rendition: &Rendition) -> Self {
        match rendition.visibility {
            Visibility::Published => Self::Everyone,
            Visibility::Private | Visibility::Link | Visibility::Community => Self::Nobody,
        }
    }

    /// As the value of `Cache-Control`.
    pub const fn cache_control(self) -> &'static str {
        match self {
            Self::Nobody => "private, no-store",
            Self::Everyone => "public, no-cache",
            Self::Viewer => "private, max-age=31536000, immutable",
        }
    }
}

/// `body` as JSON, with a tag that follows from its content.
pub fn json(
    request: &HttpRequest,
    keep: Keep,
    body: &impl Serialize,
) -> Result<HttpResponse, Problem> {
    let content = serde_json::to_vec(body).map_err(|error| Problem::Internal(error.to_string()))?;
    Ok(content_answer(request, keep, "application/json", None, content))
}

/// `content` as a file called `name`, with a tag that follows from its content.
pub fn file(
    request: &HttpRequest,
    keep: Keep,
    kind: &'static str,
    name: &str,
    content: Vec<u8>,
) -> HttpResponse {
    content_answer(request, keep, kind, Some(name), content)
}

/// Something of one's own that counts its changes, as JSON, tagged with its version.
pub fn versioned(status: StatusCode, version: i32, body: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::ETAG, format!("\"{version}\"")))
        .insert_header((header::CACHE_CONTROL, Keep::Nobody.cache_control()))
        .json(body)
}

/// What has just been made, for who made it.
pub fn made(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    told(status, body)
}

/// What has just become of something, for who did it.
pub fn fresh(body: &impl Serialize) -> HttpResponse {
    told(StatusCode::OK, body)
}

/// What will become of something, perhaps.
pub fn accepted(body: &impl Serialize) -> HttpResponse {
    told(StatusCode::ACCEPTED, body)
}

fn told(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, Keep::Nobody.cache_control()))
        .json(body)
}

/// Refuses an edit of another version than the client has read (RFC 9110, 13.1.1).
pub fn check_version(request: &HttpRequest, version: i32) -> Result<(), Problem> {
    let wanted = is_version_wanted(if_match(request).as_deref(), version);
    wanted.then_some(()).ok_or(Problem::Stale)
}

/// Whether an edit is of the version that is there.
pub fn is_version_wanted(if_match: Option<&str>, version: i32) -> bool {
    if_match.is_none_or(|wanted| names(wanted, &format!("\"{version}\"")))
}

/// Whether an edit is of the representation that the client has read.
pub fn is_wanted(if_match: Option<&str>, current: &impl Serialize) -> bool {
    let current = serde_json::to_vec(current).unwrap_or_default();
    if_match.is_none_or(|wanted| names(wanted, &content_tag(&current)))
}

/// Which versions a client wants to change, if it says so. One that cannot be read is none.
pub fn if_match(request: &HttpRequest) -> Option<String> {
    let wanted = request.headers().get(header::IF_MATCH)?;
    Some(wanted.to_str().unwrap_or_default().to_owned())
}

/// `content` of some kind, with a tag that follows from it.
pub fn content(
    request: &HttpRequest,
    keep: Keep,
    kind: &'static str,
    content: Vec<u8>,
) -> HttpResponse {
    content_answer(request, keep, kind, None, content)
}

/// A file called `name` that is written while it is sent. Nobody keeps it: what it says may be withdrawn.
pub fn streamed(
    kind: &'static str,
    name: &str,
    content: impl Stream<Item = Result<Bytes, Problem>> + 'static,
) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::CACHE_CONTROL, Keep::Nobody.cache_control()))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(content)
}

fn content_tag(content: &[u8]) -> String {
    format!("\"{}\"", BASE64.encode(&Sha256::digest(content)[..16]))
}

fn content_answer(
    request: &HttpRequest,
    keep: Keep,
    kind: &'static str,
    name: Option<&str>,
    content: Vec<u8>,
) -> HttpResponse {
    // What a question in a body is answered with is nobody's to ask about again.
    let tag = (request.method() != Method::POST).then(|| content_tag(&content));
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let known = known.filter(|_| request.method().is_safe());
    let unchanged = known.zip(tag.as_ref()).is_some_and(|(known, tag)| names(known, tag));
    let status = if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut response = HttpResponse::build(status);
    if let Some(tag) = tag {
        response.insert_header((header::ETAG, tag));
    }
    response.insert_header((header::CACHE_CONTROL, keep.cache_control()));
    response.insert_header((header::VARY, "Authorization"));
    if is_shown_anywhere(request, keep, kind) {
        response.insert_header((CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"));
    }
    if unchanged {
        return response.finish();
    }
    response.insert_header((header::CONTENT_TYPE, kind));
    if let Some(name) = name {
        let disposition = format!("attachment; filename=\"{name}\"");
        response.insert_header((header::CONTENT_DISPOSITION, disposition));
    }
    if content.len() <= HELD_BYTES_MIN {
        return response.body(content);
    }
    match held(request, content) {
        Ok(content) => response.body(content),
        Err(problem) => problem.error_response(),
    }
}

/// Whether a page of any origin may show this: a picture of what is published, asked for without credentials. A
/// browser sends none for such a page, and so it gets what anyone gets.
fn is_shown_anywhere(request: &HttpRequest, keep: Keep, kind: &str) -> bool {
    let is_published = match keep {
        Keep::Everyone | Keep::Viewer => true,
        Keep::Nobody => false,
    };
    is_published
        && kind.starts_with("image/")
        && !request.headers().contains_key(header::AUTHORIZATION)
}

/// A large content, which takes its room until all of it is on its way: who reads slowly, or not at all, would
/// else have us hold as much as they ask for.
fn held(request: &HttpRequest, content: Vec<u8>) -> Result<BoxBody, Problem> {
    let mut taken = app_data::<AnswerRoom>(request)?.room.of(Network::of(request)?.0);
    taken.take(content.len())?;
    let length = content.len() as u64;
    let pieces = stream::unfold((Bytes::from(content), taken), async |(mut rest, taken)| {
        let piece = rest.split_to(PIECE_BYTES.min(rest.len()));
        (!piece.is_empty()).then_some((Ok::<_, Problem>(piece), (rest, taken)))
    });
    Ok(SizedStream::new(length, Box::pin(pieces)).boxed())
}

/// Whether a list of entity tags names `tag`, or any.
fn names(list: &str, tag: &str) -> bool {
    list.split(',')
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == "*" || known == tag)
}
