//! What may come of a call by how it is made, whatever it is about: the contract is told it here, once for all.

use actix_web::http::StatusCode;
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response};

use super::problem::PROBLEM_TYPE;

/// What is answered from the code alone. All else asks the database, or has to wait for room.
const AT_HAND: [&str; 13] = [
    "/health/live",
    "/privacy",
    "/openapi.json",
    "/api/v1/methods",
    "/tiles/tiles.json",
    "/tiles/heat.json",
    "/tiles/style.json",
    "/ogc",
    "/ogc/api",
    "/ogc/conformance",
    "/ogc/collections",
    "/ogc/collections/activities",
    "/ogc/collections/waypoints",
];

/// Adds to each call the problems that it does not tell of itself, and says of each answer what it means.
pub fn complete(api: &mut OpenApi) {
    for (path, item) in &mut api.paths.paths {
        let is_at_hand = AT_HAND.contains(&path.as_str());
        let calls =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for call in calls.into_iter().flatten() {
            for status in usual(call, is_at_hand) {
                let answers = &mut call.responses.responses;
                answers.entry(status.as_str().to_owned()).or_insert_with(|| problem().into());
            }
            for (status, answer) in &mut call.responses.responses {
                if let (Ok(status), RefOr::T(answer)) = (status.parse(), answer) {
                    explain(status, answer);
                }
            }
        }
    }
}

/// By which problems a call may be answered because of how it is made.
fn usual(call: &Operation, is_at_hand: bool) -> impl Iterator<Item = StatusCode> + use<> {
    use StatusCode as S;
    let parameters = || {
        call.parameters.iter().flatten().filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            RefOr::Ref(_) => None,
        })
    };
    let takes = |place| parameters().any(|parameter| parameter.parameter_in == place);
    // What others get of one's own is made for each look: so many in a while.
    let is_look = parameters().any(|parameter| parameter.name == "as");
    let has_body = call.request_body.is_some();
    let usual = [
        (has_body || takes(ParameterIn::Query), S::BAD_REQUEST),
        (takes(ParameterIn::Path), S::NOT_FOUND),
        (has_body, S::REQUEST_TIMEOUT),
        (has_body, S::PAYLOAD_TOO_LARGE),
        (has_body, S::UNSUPPORTED_MEDIA_TYPE),
        (has_body || is_look, S::UNPROCESSABLE_ENTITY),
        (is_look, S::TOO_MANY_REQUESTS),
        (!is_at_hand, S::SERVICE_UNAVAILABLE),
    ];
    usual.into_iter().filter_map(|(may_be, status)| may_be.then_some(status))
}

fn problem() -> Response {
    let mut answer = Response::default();
    let body = Content::new(Some(Ref::from_schema_name("Problem")));
    answer.content.insert("application/json".to_owned(), body.into());
    answer
}

/// Says what an answer means and how it is written, where the call does not.
fn explain(status: StatusCode, answer: &mut Response) {
    if answer.description.is_empty() {
        meaning(status).clone_into(&mut answer.description);
    }
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        answer.headers.insert("Retry-After".to_owned(), RefOr::T(seconds()));
    }
    let is_problem = status.is_client_error() || status.is_server_error();
    if is_problem && let Some(body) = answer.content.swap_remove("application/json") {
        answer.content.insert(PROBLEM_TYPE.to_owned(), body);
    }
}

fn seconds() -> Header {
    let whole = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
    let mut header = Header::new(Schema::from(whole.build()));
    header.description = Some("How long to wait, in seconds.".to_owned());
    header
}

fn meaning(status: StatusCode) -> &'static str {
    use StatusCode as S;
    match status {
        S::NOT_MODIFIED => "What the client has, by `If-None-Match`, still holds.",
        S::BAD_REQUEST => "The body or the query has not the form that is taken.",
        S::UNAUTHORIZED => "There is no sign-in, or it does not hold.",
        S::NOT_FOUND => "There is nothing here, or nothing for who asks.",
        S::REQUEST_TIMEOUT => "The body came too slowly.",
        S::PRECONDITION_FAILED => "It has changed since the client read it.",
        S::PAYLOAD_TOO_LARGE => "The body is larger than what is taken.",
        S::UNSUPPORTED_MEDIA_TYPE => "The body is of a kind that is not taken.",
        S::UNPROCESSABLE_ENTITY => "A value is not fit: `errors` names it.",
        S::TOO_MANY_REQUESTS => "Too much of it at once, or too often.",
        S::SERVICE_UNAVAILABLE => "Too much is going on, or it took too long.",
        _ => status.canonical_reason().unwrap_or_default(),
    }
}
