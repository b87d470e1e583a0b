//! Errors as the client sees them: problem details (RFC 9457). They name fields, never values.

use std::borrow::Cow;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::access::Refusal;
use crate::actions;
use crate::actions::zones::Effects;
use crate::archive::unzip;
use crate::db;
use crate::db::commons::Undone;
use crate::domain::{ActivityId, Invalid};
use crate::edge::files;
use crate::picture::Unfit;
use crate::track::Unreadable;
use crate::track::reading::Place;

/// Everything that can go wrong for a client. `Display` is what the client reads.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The body or the address is not what the endpoint takes.
    #[error("{0}")]
    Malformed(&'static str),
    /// A value is not fit.
    #[error("{0}")]
    Invalid(#[from] Invalid),
    /// A file is not one that can be read.
    #[error("The file {}.", describe(.0))]
    Unreadable(Unreadable),
    /// A file is not one that can be shown.
    #[error("The file {0}.")]
    Unfit(Unfit),
    /// A body of another shape than the endpoint takes. Names the field.
    #[error("{field} {reason}")]
    Shape {
        /// The field, as a path.
        field: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no sign-in, or it does not hold.
    #[error("Sign in first.")]
    Unauthenticated,
    /// The address, password or code is not right.
    #[error("The e-mail address, password, code or token is not right, or no longer good.")]
    Refused,
    /// The account is hidden and will be erased; its owner may take that back.
    #[error(
        "This account will be erased at {}. Until then POST /api/v1/auth/undo-deletion takes that back.",
        .0.format("%Y-%m-%dT%H:%M:%SZ")
    )]
    Leaving(DateTime<Utc>),
    /// A link asks for a password.
    #[error("This link asks for a password.")]
    Locked,
    /// Also says: exists, but not for you. The two must look the same.
    #[error("There is nothing here.")]
    NotFound,
    /// It is there, as they know, and not theirs to do.
    #[error("This is not yours to do.")]
    Forbidden,
    /// Nobody would administer a community.
    #[error("Somebody has to administer the community: let somebody else do so first.")]
    LastAdministrator,
    /// The path exists, the method does not.
    #[error("This can be asked for in another way only.")]
    MethodNotAllowed(String),
    /// What is to be changed has changed meanwhile.
    #[error("It has changed meanwhile: read it again, then change it.")]
    Stale,
    /// An id stands for something else.
    #[error("This id stands for something else already; take a new one.")]
    Taken,
    /// An id stood for something that its owner deleted.
    #[error("What this id stood for was deleted.")]
    Deleted,
    /// Nothing would be left to show.
    #[error("Nothing of the track is left to show once its ends are cut.")]
    NothingVisible,
    /// There is no model of the terrain there.
    #[error("This server has no elevation model of where the track is.")]
    NoTerrain,
    /// Others would see something else, and its owner has not confirmed that.
    #[error(
        "Others would see something else of these activities. Repeat it with ?confirm= and the confirmation."
    )]
    Unconfirmed(Effects),
    /// An export or import is at work.
    #[error("Another one is at work: wait until it is done, or delete it.")]
    AtWork,
    /// Whoever is signed in has to show that they are the owner.
    #[error("Sign in anew, or give the password where the call takes one.")]
    NotProved,
    /// An archive is not one that is taken in.
    #[error("The archive {0}.")]
    UnfitArchive(&'static str),
    /// A part of something was asked for that it has not.
    #[error("There is no such part: it has {0} bytes.")]
    NoSuchRange(u64),
    /// It must be private for this.
    #[error("Take it back first: more of it would be shown than its owner published.")]
    Shared,
    /// Nothing is done with the data.
    #[error("You let nothing be done with your data: lift that first, at /api/v1/me/restriction.")]
    Restricted,
    /// The body is larger than the endpoint takes.
    #[error("The body is larger than {0} bytes.")]
    TooLarge(usize),
    /// The body came too slowly.
    #[error("The body came too slowly.")]
    TooSlow,
    /// The head came too slowly.
    #[error("The head of the request came too slowly.")]
    HeadTooSlow,
    /// The head is longer, or has more fields, than the server takes.
    #[error("The head of the request is too large.")]
    HeadTooLarge,
    /// The body has a form that is not taken.
    #[error("{0}")]
    UnsupportedMediaType(&'static str),
    /// Too many attempts.
    #[error("Too many attempts. Try again later.")]
    Throttled(TimeDelta),
    /// A network is at as many of what takes long as it may be at once.
    #[error("As many of these as a network has at once are under way. Try again when one is done.")]
    AtOnce,
    /// There is no room for now.
    #[error("Too much is going on right now. Try again in some seconds.")]
    Busy,
    /// A fault of ours.
    #[error("Something went wrong on our side.")]
    Internal(String),
}

/// Problem details as they are sent.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct Body {
    /// Stable and for programs; the sentences may change.
    #[schema(example = "/problems/not-found")]
    r#type: &'static str,
    /// What kind of problem it is.
    title: &'static str,
    /// The status code of the answer.
    status: u16,
    /// What is wrong this time.
    detail: String,
    /// Which fields are at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// What others would see something else of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    activities: Vec<ActivityId>,
    /// Confirms that.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation: Option<String>,
}

/// A field at fault.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Which.
    field: Cow<'static, str>,
    /// The rule it broke.
    reason: String,
    /// The line of a file, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// The byte of a file, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
}

/// What problem details are written in.
pub(super) const PROBLEM_TYPE: &str = "application/problem+json";
/// How long a client waits when there is no room.
const BUSY_RETRY_S: i64 = 5;
/// How long a client waits that asks for too much at once.
const AT_ONCE_RETRY_S: i64 = 1;

impl Problem {
    /// Status, type and title: one line a problem.
    const fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::Malformed(_) => (S::BAD_REQUEST, "/problems/malformed", "Malformed request"),
            Self::Invalid(_) | Self::Shape { .. } => {
                (S::UNPROCESSABLE_ENTITY, "/problems/invalid", "Invalid value")
            }
            Self::Unreadable(_) | Self::Unfit(Unfit::Broken(_)) => {
                (S::UNPROCESSABLE_ENTITY, "/problems/unreadable-file", "Unreadable file")
            }
            Self::Unfit(Unfit::Large) => {
                (S::PAYLOAD_TOO_LARGE, "/problems/too-large", "Too many pixels")
            }
            Self::Unauthenticated => {
                (S::UNAUTHORIZED, "/problems/unauthenticated", "Not signed in")
            }
            Self::Locked => (S::UNAUTHORIZED, "/problems/locked", "Password needed"),
            Self::Refused => (S::UNAUTHORIZED, "/problems/refused", "Not right"),
            Self::Leaving(_) => (S::FORBIDDEN, "/problems/leaving", "Account being erased"),
            Self::NotFound => (S::NOT_FOUND, "/problems/not-found", "Not found"),
            Self::Forbidden => (S::FORBIDDEN, "/problems/forbidden", "Not allowed"),
            Self::LastAdministrator => {
                (S::CONFLICT, "/problems/last-administrator", "Last administrator")
            }
            Self::MethodNotAllowed(_) => {
                (S::METHOD_NOT_ALLOWED, "/problems/method-not-allowed", "Method not allowed")
            }
            Self::Stale => (S::PRECONDITION_FAILED, "/problems/stale", "Changed meanwhile"),
            Self::Taken => (S::CONFLICT, "/problems/taken", "Id taken"),
            Self::Deleted => (S::GONE, "/problems/deleted", "Deleted"),
            Self::NothingVisible => {
                (S::CONFLICT, "/problems/nothing-visible", "Nothing left to show")
            }
            Self::NoTerrain => (S::CONFLICT, "/problems/no-elevation-model", "No elevation model"),
            Self::Unconfirmed(_) => (S::CONFLICT, "/problems/unconfirmed", "To be confirmed"),
            Self::AtWork => (S::CONFLICT, "/problems/at-work", "Another one is at work"),
            Self::NotProved => (S::FORBIDDEN, "/problems/not-proved", "Sign in anew"),
            Self::UnfitArchive(_) => {
                (S::UNPROCESSABLE_ENTITY, "/problems/unfit-archive", "Unfit archive")
            }
            Self::NoSuchRange(_) => {
                (S::RANGE_NOT_SATISFIABLE, "/problems/no-such-range", "No such part")
            }
            Self::Shared => (S::CONFLICT, "/problems/shared", "Shared with others"),
            Self::Restricted => (S::CONFLICT, "/problems/restricted", "Processing restricted"),
            Self::TooLarge(_) => (S::PAYLOAD_TOO_LARGE, "/problems/too-large", "Body too large"),
            Self::TooSlow | Self::HeadTooSlow => {
                (S::REQUEST_TIMEOUT, "/problems/too-slow", "Too slow")
            }
            Self::HeadTooLarge => {
                (S::REQUEST_HEADER_FIELDS_TOO_LARGE, "/problems/head-too-large", "Head too large")
            }
            Self::UnsupportedMediaType(_) | Self::Unfit(Unfit::Kind(_)) => {
                (S::UNSUPPORTED_MEDIA_TYPE, "/problems/unsupported-type", "Unsupported media type")
            }
            Self::Throttled(_) | Self::AtOnce => {
                (S::TOO_MANY_REQUESTS, "/problems/throttled", "Too many requests")
            }
            Self::Busy => (S::SERVICE_UNAVAILABLE, "/problems/busy", "Busy"),
            Self::Internal(_) => (S::INTERNAL_SERVER_ERROR, "/problems/internal", "Internal error"),
        }
    }

    fn errors(&self) -> Vec<FieldError> {
        let error = |field: Cow<'static, str>, reason: &str, place: Option<Place>| FieldError {
            field,
            reason: reason.to_owned(),
            line: place.and_then(|place| match place {
                Place::Line(line) => Some(line),
                Place::Offset(_) => None,
            }),
            offset: place.and_then(|place| match place {
                Place::Line(_) => None,
                Place::Offset(offset) => Some(offset),
            }),
        };
        match self {
            Self::Invalid(invalid) => vec![error(invalid.field.into(), invalid.reason, None)],
            Self::Shape { field, reason } => vec![error(field.clone().into(), reason, None)],
            Self::Unreadable(file) => vec![error("file".into(), file.reason, file.place)],
            Self::Unfit(unfit) => vec![error("file".into(), &unfit.to_string(), None)],
            _ => Vec::new(),
        }
    }

    fn retry_after_s(&self) -> Option<i64> {
        match self {
            // Rounded up: who waits for as long as told must be let in.
            Self::Throttled(wait) => Some((wait.num_milliseconds() + 999).max(1_000) / 1_000),
            Self::AtOnce => Some(AT_ONCE_RETRY_S),
            Self::Busy => Some(BUSY_RETRY_S),
            _ => None,
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind().0
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Internal(cause) = self {
            // Logged here and nowhere else; the client learns nothing of it.
            tracing::error!(%cause, "Request failed");
        }
        let (status, r#type, title) = self.kind();
        let mut response = HttpResponse::build(status);
        response.insert_header((header::CONTENT_TYPE, PROBLEM_TYPE));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(seconds) = self.retry_after_s() {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Self::NoSuchRange(bytes) = self {
            response.insert_header((header::CONTENT_RANGE, format!("bytes */{bytes}")));
        }
        if let Self::MethodNotAllowed(methods) = self {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        let (detail, errors) = (self.to_string(), self.errors());
        let (activities, confirmation) = match self {
            Self::Unconfirmed(effects) => {
                (effects.activities.clone(), Some(effects.confirmation.clone()))
            }
            _ => (Vec::new(), None),
        };
        let status = status.as_u16();
        response.json(Body { r#type, title, status, detail, errors, activities, confirmation })
    }
}

impl From<Unreadable> for Problem {
    fn from(file: Unreadable) -> Self {
        Self::Unreadable(file)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Absent => Self::NotFound,
            Refusal::Forbidden => Self::Forbidden,
        }
    }
}

impl From<Undone> for Problem {
    fn from(undone: Undone) -> Self {
        match undone {
            Undone::Refused(refusal) => refusal.into(),
            Undone::Missing => Self::NotFound,
            Undone::Stale => Self::Stale,
            Undone::Invalid(invalid) => invalid.into(),
            Undone::LastAdministrator => Self::LastAdministrator,
            Undone::Restricted => Self::Restricted,
        }
    }
}

impl From<db::Error> for Problem {
    fn from(error: db::Error) -> Self {
        match error {
            // Every connection is in use, or the database is away: it comes back, and so may they.
            db::Error::Pool(_) => {
                tracing::warn!(cause = %error, "No connection");
                Self::Busy
            }
            db::Error::BlobErased => Self::Busy,
            db::Error::Gone => Self::NotFound,
            // They left while a call of theirs was on its way.
            db::Error::NoAccount => Self::Unauthenticated,
            db::Error::Full(invalid) => invalid.into(),
            _ if error.is_of_nobody() => Self::Unauthenticated,
            _ if error.is_passing() => {
                tracing::warn!(cause = %error, "The database gave up, or went away");
                Self::Busy
            }
            _ => Self::Internal(error.to_string()),
        }
    }
}

impl From<files::Error> for Problem {
    fn from(error: files::Error) -> Self {
        if error.is_missing() {
            return Self::Internal(error.to_string());
        }
        // It is away, or takes nothing from us: whoever runs the server sees to it.
        tracing::error!(cause = %error, "The blob store does not do what it should");
        Self::Busy
    }
}

impl From<actions::Error> for Problem {
    fn from(error: actions::Error) -> Self {
        match error {
            actions::Error::Invalid(invalid) => invalid.into(),
            actions::Error::Unreadable(file) => file.into(),
            actions::Error::Unfit(unfit) => Self::Unfit(unfit),
            actions::Error::Unauthenticated => Self::Refused,
            actions::Error::Leaving(erase_at) => Self::Leaving(erase_at),
            actions::Error::Throttled(throttled) => Self::Throttled(throttled.retry_after),
            actions::Error::Taken => Self::Taken,
            actions::Error::Deleted => Self::Deleted,
            actions::Error::Stale => Self::Stale,
            actions::Error::Busy => Self::Busy,
            actions::Error::NoTerrain => Self::NoTerrain,
            actions::Error::Missing => Self::NotFound,
            actions::Error::NothingVisible => Self::NothingVisible,
            actions::Error::Shared => Self::Shared,
            actions::Error::Restricted => Self::Restricted,
            actions::Error::AtWork => Self::AtWork,
            actions::Error::NotProved => Self::NotProved,
            actions::Error::UnfitArchive(unzip::Unfit(reason)) => Self::UnfitArchive(reason),
            actions::Error::Undone(undone) => undone.into(),
            actions::Error::Database(error) => error.into(),
            actions::Error::Files(error) => error.into(),
            actions::Error::Task => Self::Internal(error.to_string()),
        }
    }
}

fn describe(file: &Unreadable) -> String {
    match file.place {
        Some(Place::Line(line)) => format!("{} (line {line})", file.reason),
        Some(Place::Offset(offset)) => format!("{} (byte {offset})", file.reason),
        None => file.reason.to_owned(),
    }
}
