//! Who is asking: from the `Authorization` header to a [`Viewer`], and what time it is.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use chrono::{DateTime, Utc};
use futures_util::future::LocalBoxFuture;
use ipnet::IpNet;

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

/// The network address of who asks. Used to slow down guessing; never logged, never stored in the
/// clear.
#[derive(Clone, Copy)]
pub struct Network(pub IpAddr);

/// The proxies whose word is taken for who asks.
pub struct Proxies(Vec<IpNet>);

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

impl FromRequest for Network {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl Network {
    /// The one that a request comes from.
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let forwarded = request.headers().get_all(header::X_FORWARDED_FOR);
        let forwarded: Vec<&str> = forwarded.filter_map(|value| value.to_str().ok()).collect();
        let proxies = app_data::<Proxies>(request)?;
        Ok(Self(network(proxies.client(peer, &forwarded.join(",")))))
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

impl Proxies {
    /// Takes the word of those in `networks`.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Who asks: the last address that is not a proxy's. `forwarded` is what each hop saw, the
    /// nearest last; what stands before a stranger's address is that stranger's word.
    fn client(&self, peer: IpAddr, forwarded: &str) -> IpAddr {
        let seen = forwarded.rsplit(',').map_while(|hop| hop.trim().parse().ok());
        let mut client = peer.to_canonical();
        for hop in seen {
            let hop: IpAddr = hop;
            if !self.0.iter().any(|network| network.contains(&client)) {
                break;
            }
            client = hop.to_canonical();
        }
        client
    }
}

/// The network that a household has to itself: of IPv6, that is 56 bits of the address.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 72 << 72).into()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &[&str], peer: &str, forwarded: &str) -> String {
        let networks = proxies.iter().map(|network| network.parse().unwrap()).collect();
        Proxies::new(networks).client(peer.parse().unwrap(), forwarded).to_string()
    }

    #[test]
    fn a_strangers_word_is_not_taken_for_who_asks() {
        assert_eq!(client(&[], "203.0.113.9", "198.51.100.7"), "203.0.113.9");
        assert_eq!(client(&["10.0.0.0/8"], "203.0.113.9", "198.51.100.7"), "203.0.113.9");
    }

    #[test]
    fn proxies_tell_who_asks_and_only_the_nearest_stranger_counts() {
        let proxies = &["10.0.0.0/8", "fd00::/8"];
        assert_eq!(client(proxies, "10.0.0.1", "198.51.100.7"), "198.51.100.7");
        assert_eq!(client(proxies, "10.0.0.1", "192.0.2.1, 198.51.100.7, fd00::2"), "198.51.100.7");
        assert_eq!(client(proxies, "::ffff:10.0.0.1", "198.51.100.7"), "198.51.100.7");
    }

    #[test]
    fn a_proxy_that_says_nothing_or_nonsense_asks_itself() {
        assert_eq!(client(&["10.0.0.1/32"], "10.0.0.1", ""), "10.0.0.1");
        assert_eq!(client(&["10.0.0.1/32"], "10.0.0.1", "198.51.100.7, unknown"), "10.0.0.1");
    }
}
