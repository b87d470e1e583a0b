//! From where a request comes, as far as its proxies are trusted.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use ipnet::IpNet;

use super::problem::Problem;
use super::session::app_data;

/// The network address of who asks. Used to slow down guessing; never logged, never stored in the
/// clear.
#[derive(Clone, Copy)]
pub struct Network(pub IpAddr);

/// The proxies whose word is taken for who asks.
pub struct Proxies(Vec<IpNet>);

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
