//! Asking for a piece, in every way.

use reqwest::{Method, RequestBuilder};

use super::cast::{Actor, Piece, unused};
use super::routes::call;
use crate::harness::Caller;
use crate::heard::Heard;

/// What somebody hears of a piece at a route, and what they hear of what never was.
pub struct Knock<'a> {
    pub actor: Actor,
    pub caller: &'a Caller<'a>,
    pub piece: &'a Piece<'a>,
    pub method: &'a Method,
    pub route: &'a str,
}

impl Knock<'_> {
    fn request(&self, method: &Method, path: &str) -> RequestBuilder {
        let request = call(self.caller, self.actor == Actor::Owner, method, self.route, path);
        match self.actor {
            Actor::LinkHolder => request.header("Link-Pass", &self.piece.token),
            _ => request,
        }
    }

    /// What they hear of what never was.
    pub async fn absent(&self) -> Heard {
        Heard::of(self.request(self.method, &unused(self.route))).await
    }

    /// Their answer in a word; where none is like that for what never was, its status.
    pub async fn answer(&self, absent: Option<&Heard>) -> (Actor, String, Heard) {
        if let Some(absent) = absent {
            let (word, heard) = self.word(absent).await;
            return (self.actor, word, heard);
        }
        let heard = Heard::of(self.request(self.method, &self.piece.path(self.route))).await;
        (self.actor, heard.status.to_string(), heard)
    }

    /// In a word: what of the piece is heard. Asking in other ways tells no more.
    async fn word(&self, absent: &Heard) -> (String, Heard) {
        let path = self.piece.path(self.route);
        let heard = Heard::of(self.request(self.method, &path)).await;
        let child = self.route.rsplit_once('}').map_or("", |(_, child)| child);
        let previews = &mut self.piece.previews.iter();
        let is_preview = previews.any(|(of, body)| *of == child && *body == heard.body);
        let is_page = self.route.starts_with("/s/") && heard.text().contains("Up the brook");
        let word = match heard.status {
            200 if is_preview || is_page => "seen".to_owned(),
            200 | 412 if self.actor == Actor::Owner => "own".to_owned(),
            404 if heard == *absent => "-".to_owned(),
            status if heard == *absent => status.to_string(),
            status => format!("{status}!"),
        };
        if *self.method == Method::GET && self.is_asked_otherwise() {
            self.ask_otherwise(&path, &heard).await;
        }
        (word, heard)
    }

    /// The formats of a line are answered alike, and so is everybody who comes by a link.
    fn is_asked_otherwise(&self) -> bool {
        let is_one_of_many = ["geojson", "tcx", "kml", "csv"];
        let is_by_link = self.route.contains("{token}");
        !is_one_of_many.iter().any(|format| self.route.ends_with(format))
            && (!is_by_link
                || [Actor::Anonymous, Actor::Blocked, Actor::Owner].contains(&self.actor))
    }

    /// By other methods and headers one learns what one knows from `heard`.
    async fn ask_otherwise(&self, path: &str, heard: &Heard) {
        let told = format!("{:?} {:?} {path}", self.actor, self.piece.state);
        let head = Heard::of(self.request(&Method::HEAD, path)).await;
        assert!(head.body.is_empty(), "{told}");
        assert_eq!((head.status, &head.headers), (heard.status, &heard.headers), "{told}");
        let get = || self.request(&Method::GET, path);
        let part = get().header("Range", "bytes=0-9");
        let part = part.header("If-Modified-Since", "Sat, 30 May 2026 07:00:00 GMT");
        assert_eq!(Heard::of(part).await, *heard, "{told}");
        let current = heard.header("etag").unwrap_or_default();
        let others = self.piece.tags.iter().map(|(_, tag)| tag.as_str());
        let others: Vec<&str> = others.filter(|tag| *tag != current).collect();
        let changed = Heard::of(get().header("If-None-Match", others.join(", "))).await;
        assert_eq!(changed, *heard, "{told}");
        for known in [current, "*"].into_iter().filter(|known| !known.is_empty()) {
            let again = Heard::of(get().header("If-None-Match", known)).await;
            if again.status == 304 {
                assert_eq!((heard.status, again.body.len()), (200, 0), "{told}");
                assert_eq!(again.header("etag"), heard.header("etag"), "{told}");
            } else {
                assert_eq!(again, *heard, "{told}");
            }
        }
        let options = Heard::of(self.caller.request(Method::OPTIONS, path)).await;
        assert_eq!((options.status, options.body.len()), (204, 0), "{told}");
        let allow = options.header("allow").unwrap();
        assert!(allow.starts_with("GET, HEAD") && allow.ends_with("OPTIONS"), "{told}: {allow}");
    }
}
