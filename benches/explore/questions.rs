//! What is asked.

use std::path::Path;

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::data;
use crate::server::Server;

/// How many different places are asked about.
const PLACES: u32 = 200;
/// A question about each of some places.
pub struct Question {
    pub each: Vec<Asked>,
    by_member: bool,
}

pub enum Asked {
    /// `POST /api/v1/explore/nearby`.
    Nearby(Value),
    /// `GET` a path.
    Get(String),
}

/// All that is asked, with what it is called. The first is nearby without filters.
#[allow(clippy::too_many_lines, reason = "a table")]
pub async fn all(data: &Path) -> Vec<(String, Question)> {
    let server = Server::start_in(data.to_owned());
    let places = data::places(&server, PLACES).await;
    // The demo account joins a community that a thousandth of all is shared with, and one that a tenth is.
    data::run(
        &server,
        "INSERT INTO commons.memberships (community_id, member_id, role, joined_at)
         SELECT md5('community' || n)::uuid, author_id, 'member', now()
         FROM unnest(ARRAY[1, 900]) AS n, (SELECT author_id FROM commons.renditions
             JOIN identity.accounts ON account_id = author_id LIMIT 1) AS demo
         ON CONFLICT DO NOTHING;\n",
    );
    drop(server);
    let nearby = |more: &Value, by_member| {
        let each = places.iter().map(|(lon, lat)| {
            let mut body = json!({ "position": [lon, lat], "radius_m": 50_000, "limit": 20 });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            Asked::Nearby(body)
        });
        Question { each: each.collect(), by_member }
    };
    let search = |query: &dyn Fn(f64, f64, usize) -> String| {
        let each = places.iter().enumerate().map(|(index, (lon, lat))| {
            Asked::Get(format!("/api/v1/explore/search?limit=20&{}", query(*lon, *lat, index)))
        });
        Question { each: each.collect(), by_member: false }
    };
    let a_box = |lon: f64, lat: f64| {
        format!("bbox={},{},{},{}", lon - 0.05, lat - 0.05, lon + 0.05, lat + 0.05)
    };
    let mut all = vec![
        ("nearby".to_owned(), nearby(&json!({}), false)),
        ("nearby, to the line".to_owned(), nearby(&json!({ "to": "line" }), false)),
        ("nearby, a rare sport".to_owned(), nearby(&json!({ "sport": "rowing" }), false)),
        (
            "nearby, a length within 50 m".to_owned(),
            nearby(&json!({ "distance_m": { "min": 5_000, "max": 5_050 } }), false),
        ),
        (
            "nearby, a sport of the last 90 days".to_owned(),
            nearby(&json!({ "sport": "hiking", "day": { "min": "2026-07-01" } }), false),
        ),
        ("nearby, member of a large and a rare community".to_owned(), nearby(&json!({}), true)),
        ("search, a box".to_owned(), search(&|lon, lat, _| a_box(lon, lat))),
        (
            "search, the longest in a box".to_owned(),
            search(&|lon, lat, _| a_box(lon, lat) + "&sort=longest"),
        ),
        ("search, the newest".to_owned(), search(&|_, _, _| String::new())),
        (
            "search, how many by sport in a box".to_owned(),
            search(&|lon, lat, _| a_box(lon, lat) + "&facets=true"),
        ),
    ];
    // Every word that titles are made of, the frequent first.
    let word = |index: usize| {
        const FIRST: [&str; 12] =
            ["ba", "do", "ler", "mon", "ti", "sa", "vel", "ur", "kan", "ri", "sto", "ple"];
        const THEN: [&str; 12] =
            ["ven", "gor", "la", "shi", "tour", "mar", "nes", "wick", "pol", "fa", "den", "cé"];
        format!("{}{}a", FIRST[index % 12], THEN[index / 12 % 12])
    };
    all.push(("search, a word".to_owned(), search(&|_, _, index| format!("q={}", word(index)))));
    all.push((
        "search, the best for a frequent word".to_owned(),
        search(&|_, _, _| "q=randonnee&sort=relevance".to_owned()),
    ));
    all.push((
        "search, a word in a box".to_owned(),
        search(&|lon, lat, _| a_box(lon, lat) + "&q=boucle"),
    ));
    all.push((
        "search, a word that is misspelt".to_owned(),
        search(&|_, _, index| format!("q={}x", word(index))),
    ));
    for zoom in 0..=18 {
        let each = places.iter().map(|(lon, lat)| tile(zoom, *lon, *lat));
        let question = Question { each: each.collect(), by_member: false };
        all.push((format!("tile, zoom {zoom}"), question));
    }
    all
}

#[allow(clippy::cast_possible_truncation, reason = "tiles are far below 2^31")]
fn tile(zoom: i32, lon: f64, lat: f64) -> Asked {
    let size = 2f64.powi(zoom);
    let x = ((lon + 180.0) / 360.0 * size) as i64;
    let lat = lat.to_radians();
    let y = ((1.0 - lat.tan().asinh() / std::f64::consts::PI) / 2.0 * size) as i64;
    Asked::Get(format!("/tiles/{zoom}/{x}/{y}.mvt"))
}

impl Question {
    /// Asks about the place whose turn it is, and hears the answer to its end.
    pub async fn ask(&self, client: &Client, server: &Server, token: &str, turn: usize) {
        let asked = match &self.each[turn % self.each.len()] {
            Asked::Nearby(body) => client.post(server.url("/api/v1/explore/nearby")).json(body),
            Asked::Get(path) => client.get(server.url(path)),
        };
        let asked: RequestBuilder = if self.by_member { asked.bearer_auth(token) } else { asked };
        let answer = asked.send().await.unwrap();
        assert!(matches!(answer.status().as_u16(), 200 | 204), "{}", answer.status());
        answer.bytes().await.unwrap();
    }
}
