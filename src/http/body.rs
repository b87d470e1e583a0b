//! Bodies: bounded in size, in time and in depth.
//!
//! Every body is read through [`bounded`]. A client that sends more than the limit, or more slowly
//! than a bad phone line does, is told so and cut off; nothing waits for it.

use std::future::Future;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::future::LocalBoxFuture;
use futures_util::{Stream, StreamExt};
use serde::de::DeserializeOwned;

use super::pace::{Pace, Patience};
use super::problem::Problem;

/// The longest JSON body, in bytes, where no other limit is stated.
pub const JSON_BYTES_MAX: usize = 64 * 1024;
/// How deep a JSON body may nest. Ours need four levels, GeoJSON six.
pub const JSON_DEPTH_MAX: usize = 16;

/// As much of a field's name as an answer repeats.
const FIELD_CHARS_MAX: usize = 64;
/// How much of what is too much is listened to before it is said so: who hangs up on a client that still
/// sends is not heard by it.
const LISTENED_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A JSON body that has the shape of `T`.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload.take(), JSON_BYTES_MAX);
        let fit = require_json(request);
        Box::pin(async move {
            fit?;
            parse(&body.await?).map(Self)
        })
    }
}

/// The same, or no body at all.
pub struct MaybeJson<T>(pub Option<T>);

impl<T: DeserializeOwned + 'static> FromRequest for MaybeJson<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload.take(), JSON_BYTES_MAX);
        let fit = require_json(request);
        Box::pin(async move {
            let body = body.await?;
            if body.is_empty() {
                return Ok(Self(None));
            }
            fit?;
            parse(&body).map(|value| Self(Some(value)))
        })
    }
}

/// What a form of a page sends.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = read(request, payload.take(), JSON_BYTES_MAX);
        let is_form = request.content_type() == "application/x-www-form-urlencoded";
        Box::pin(async move {
            if !is_form {
                return Err(Problem::UnsupportedMediaType("Send a form."));
            }
            let body = body.await?;
            let text = std::str::from_utf8(&body).ok();
            let form = text.and_then(|text| web::Query::<T>::from_query(text).ok());
            Ok(Self(form.ok_or(Problem::Malformed("The form lacks a field."))?.into_inner()))
        })
    }
}

/// Reads a JSON body as `T`; what is wrong is named, never quoted.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if JSON_DEPTH_MAX < depth(body) {
        return Err(Problem::Malformed("The JSON nests too deeply."));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let field = error.path().to_string();
        shape(&field, error.inner())
    })?;
    deserializer.end().map_err(|_| Problem::Malformed("Something follows the JSON."))?;
    Ok(value)
}

/// The whole body, at most `bytes_max` of it.
pub fn read(
    request: &HttpRequest,
    payload: Payload,
    bytes_max: usize,
) -> impl Future<Output = Result<Bytes, Problem>> + use<> {
    let stream = bounded(request, payload, bytes_max);
    async move {
        let mut stream = stream?;
        let mut body = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            body.extend_from_slice(&chunk.map_err(|error| of_payload(&error, bytes_max))?);
        }
        Ok(body.freeze())
    }
}

/// The body as a stream that ends with an error past `bytes_max` and when it comes too slowly.
pub fn bounded(
    request: &HttpRequest,
    payload: Payload,
    bytes_max: usize,
) -> Result<Bounded, Problem> {
    let headers = request.headers();
    let encoded = headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    if encoded {
        return Err(Problem::UnsupportedMediaType("Send the body without a content encoding."));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let listened_max = (bytes_max as u64).saturating_add(LISTENED_BYTES_MAX);
    let length: Option<u64> = length.and_then(|length| length.parse().ok());
    if length.is_some_and(|length| listened_max < length) {
        return Err(Problem::TooLarge(bytes_max));
    }
    let pace = request.app_data::<web::Data<Pace>>().map_or_else(Pace::default, |pace| ***pace);
    let (bytes_max, patience) = (bytes_max as u64, Patience::with_sender(pace));
    Ok(Bounded { payload, bytes_max, listened_max, bytes: 0, patience })
}

/// See [`bounded`].
pub struct Bounded {
    payload: Payload,
    bytes_max: u64,
    /// How much is listened to, so that whoever sends too much hears the answer.
    listened_max: u64,
    bytes: u64,
    patience: Patience,
}

impl Stream for Bounded {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Poll::Ready(next) = Pin::new(&mut self.payload).poll_next(context) else {
                let late = self.patience.poll_end(context);
                return late.map(|()| Some(Err(fault(ErrorKind::TimedOut))));
            };
            let is_over = match &next {
                Some(Ok(chunk)) => {
                    self.bytes += chunk.len() as u64;
                    self.patience.moved(chunk.len());
                    self.listened_max < self.bytes
                }
                Some(Err(_)) | None => true,
            };
            if self.bytes <= self.bytes_max {
                return Poll::Ready(next);
            }
            if is_over {
                return Poll::Ready(Some(Err(fault(ErrorKind::FileTooLarge))));
            }
            // What is too much is let go, piece by piece.
        }
    }
}

/// A fault of our own finding, in the words of the stream.
fn fault(kind: ErrorKind) -> PayloadError {
    PayloadError::Io(kind.into())
}

/// What a fault in the stream means for the client.
pub fn of_payload(error: &PayloadError, bytes_max: usize) -> Problem {
    match error {
        PayloadError::Io(cause) if cause.kind() == ErrorKind::FileTooLarge => {
            Problem::TooLarge(bytes_max)
        }
        PayloadError::Io(cause) if cause.kind() == ErrorKind::TimedOut => Problem::TooSlow,
        _ => Problem::Malformed("The body ended in the middle."),
    }
}

fn require_json(request: &HttpRequest) -> Result<(), Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
    {
        return Ok(());
    }
    Err(Problem::UnsupportedMediaType("Send application/json."))
}

/// How deep brackets nest outside strings: one pass, before anything is built.
fn depth(json: &[u8]) -> usize {
    let (mut deepest, mut open, mut in_string, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in json {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'[' | b'{') => {
                open += 1;
                deepest = deepest.max(open);
            }
            (false, b']' | b'}') => open = open.saturating_sub(1),
            (true | false, _) => {}
        }
    }
    deepest
}

/// The library's messages quote values, so each kind gets words of our own.
fn shape(field: &str, error: &serde_json::Error) -> Problem {
    use serde_json::error::Category;
    let text = error.to_string();
    let field = match field {
        "." => "body".to_owned(),
        // The client made the name up; so much of it tells them which.
        field => field.chars().take(FIELD_CHARS_MAX).collect(),
    };
    match error.classify() {
        Category::Syntax | Category::Eof | Category::Io => {
            Problem::Malformed("The body is not JSON.")
        }
        Category::Data if text.starts_with("missing field") => {
            let missing = text.split('`').nth(1).unwrap_or("a field").to_owned();
            Problem::Shape { field: missing, reason: "is missing" }
        }
        Category::Data if text.starts_with("unknown field") => {
            Problem::Shape { field, reason: "is not a field here" }
        }
        Category::Data if text.starts_with("unknown variant") => {
            Problem::Shape { field, reason: "is not one of the known values" }
        }
        Category::Data => Problem::Shape { field, reason: "has the wrong type or value" },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::ResponseError;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Place {
        #[expect(dead_code, reason = "only its parsing is tested")]
        position: [f64; 2],
    }

    fn problem(json: &str) -> String {
        let problem = parse::<Place>(json.as_bytes()).unwrap_err();
        format!("{} {problem}", problem.status_code().as_u16())
    }

    #[test]
    fn faults_are_named_and_values_are_not() {
        assert_eq!(problem("{}"), "422 position is missing");
        assert_eq!(
            problem(r#"{"position": "at home"}"#),
            "422 position has the wrong type or value"
        );
        assert_eq!(problem(r#"{"position": [1e999, 0]}"#), "400 The body is not JSON.");
        assert_eq!(problem(r#"{"position": [0, 0], "home": 1}"#), "422 home is not a field here");
        assert_eq!(problem(r#"{"position": [0, 0]} {}"#), "400 Something follows the JSON.");
        assert_eq!(problem(r#"{"position": [0, 0]"#), "400 The body is not JSON.");
    }

    #[test]
    fn depth_is_counted_outside_strings() {
        assert_eq!(depth(br#"{"a": [[1], "]][[[[["]}"#), 3);
        assert_eq!(depth(br#"["\"[["]"#), 1);
        let deep = "[".repeat(100_000);
        assert_eq!(problem(&deep), "400 The JSON nests too deeply.");
    }
}
