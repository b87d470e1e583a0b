//! Who is asking: from the `Authorization` header to a [`Viewer`], and what time it is.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;

use super::network::Network;
use super::problem::Problem;
use super::room::AnswerRoom;
use crate::access::Viewer;
use crate::actions::Service;
use crate::db::Commons;
use crate::domain::{AccountId, Clock, SessionId};
use crate::seal::AccessTokens;

/// A signed-in member; endpoints that need one take this instead of a [`Viewer`].
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Whose account.
    pub account: AccountId,
    /// Which of its sessions.
    pub session: SessionId,
}

/// When the request is answered.
#[derive(Clone, Copy, Debug)]
pub struct Now(pub DateTime<Utc>);

/// What reading an activity takes: who acts for its owner, what everybody else reads, and the time.
pub struct Parts {
    /// Acts for its owner.
    pub service: web::Data<Service>,
    /// What everybody else reads.
    pub commons: web::Data<Commons>,
    /// When the request is answered.
    pub now: DateTime<Utc>,
    /// What large answers take.
    pub room: web::Data<AnswerRoom>,
    /// From where it comes.
    pub network: Network,
}

impl From<Member> for Viewer {
    fn from(member: Member) -> Self {
        Self::Member(member.account)
    }
}

impl FromRequest for Viewer {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    /// No header is [`Viewer::Anonymous`]; a bad one is refused, not downgraded.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let member = member(request);
        Box::pin(async move { Ok(member.await?.map_or(Self::Anonymous, Into::into)) })
    }
}

impl FromRequest for Member {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let member = member(request);
        Box::pin(async move { member.await?.ok_or(Problem::Unauthenticated) })
    }
}

impl FromRequest for Now {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(app_data::<Clock>(request).map(|clock| Self(clock.now())))
    }
}

impl FromRequest for Parts {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parts = || {
            Ok(Self {
                service: app_data::<Service>(request)?.clone(),
                commons: app_data::<Commons>(request)?.clone(),
                now: app_data::<Clock>(request)?.now(),
                room: app_data::<AnswerRoom>(request)?.clone(),
                network: Network::of(request)?,
            })
        };
        ready(parts())
    }
}

/// The member whose token the request carries. The token proves that the session was; only the
/// database knows whether it still is.
fn member(request: &HttpRequest) -> LocalBoxFuture<'static, Result<Option<Member>, Problem>> {
    let request = request.clone();
    Box::pin(async move {
        let Some(token) = bearer(&request)? else { return Ok(None) };
        let now = app_data::<Clock>(&request)?.now();
        let (account, session) = app_data::<AccessTokens>(&request)?
            .check(&token, now)
            .map_err(|_| Problem::Unauthenticated)?;
        let commons = app_data::<Commons>(&request)?;
        if !commons.session_stands(account, session, now).await? {
            return Err(Problem::Unauthenticated);
        }
        Ok(Some(Member { account, session }))
    })
}

fn bearer(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let Some(value) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(Problem::Unauthenticated);
    }
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .ok_or(Problem::Unauthenticated)?;
    let fit = scheme.eq_ignore_ascii_case("Bearer");
    fit.then(|| Some(token.trim().to_owned())).ok_or(Problem::Unauthenticated)
}

pub(super) fn app_data<T: 'static>(request: &HttpRequest) -> Result<&web::Data<T>, Problem> {
    let missing = || Problem::Internal("a part of the server is missing".to_owned());
    request.app_data::<web::Data<T>>().ok_or_else(missing)
}
