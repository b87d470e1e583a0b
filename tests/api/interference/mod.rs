//! Whatever happens where others do not look changes nothing that they get.

mod twins;

use std::collections::BTreeMap;
use std::fmt::Write;

use futures_util::future::join_all;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Caller, TestApp, connect};
use crate::heard::Heard;
use crate::photos::has_photo;
use crate::pictures::{Said, telling_jpeg};
use crate::sharing::CHILDREN;
use crate::tiles::tile_of;
pub use twins::{Country, Dice, Twins};

/// How many pairs are tried unless `OPENTRACKS_PAIRS` says otherwise.
const PAIRS: u32 = 500;
/// How many pairs have the same choices of what others get.
const PAIRS_PER_CHOICE: u32 = 8;

/// A server with one activity that others see in every way, and those others.
struct World<'a> {
    country: Country,
    owner: Caller<'a>,
    others: [Caller<'a>; 3],
    activity: String,
    token: String,
    community: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn tracks_that_differ_only_in_what_is_hidden_give_the_same_answers() {
    let pairs = std::env::var("OPENTRACKS_PAIRS").map_or(PAIRS, |pairs| pairs.parse().unwrap());
    let countries = countries();
    let each = pairs.div_ceil(u32::try_from(countries.len()).unwrap());
    let worlds = countries.into_iter().enumerate().map(async |(index, country)| {
        let app = TestApp::start().await;
        let is_published = index != 2;
        let world = World::start(&app, country, is_published).await;
        let mut dice = Dice(u64::try_from(index).unwrap());
        let mut ends_are_cut = true;
        for pair in 0..each {
            if pair % PAIRS_PER_CHOICE == 0 {
                ends_are_cut = world.choose(&mut dice).await;
            }
            let Twins { files: [one, other] } = world.country.twins(&mut dice, ends_are_cut);
            assert!(one != other);
            world.draw(&one).await;
            let first = world.ask(pair).await;
            world.draw(&other).await;
            for (before, after) in first.iter().zip(world.ask(pair).await) {
                assert!(
                    *before == after,
                    "pair {pair} of country {index}: {}\n{}\n{}",
                    after.0,
                    before.1.text(),
                    after.1.text()
                );
            }
        }
    });
    join_all(worlds).await;
}

/// The same questions tell apart what differs in what is visible.
#[tokio::test(flavor = "multi_thread")]
async fn tracks_that_differ_in_a_visible_point_give_different_answers() {
    let app = TestApp::start().await;
    let world = World::start(&app, countries().remove(0), true).await;
    let mut dice = Dice(7);
    for _ in 0..3 {
        let Twins { files: [one, other] } = world.country.strangers(&mut dice, true);
        world.draw(&one).await;
        let first = world.ask_all().await;
        world.draw(&other).await;
        let second = world.ask_all().await;
        for child in CHILDREN {
            let address = format!("{}{child}", world.path());
            assert_ne!(first[&address], second[&address], "{child}");
        }
    }
}

/// Four countries: at home and on the way; also where zones overlap; on the way only; ends alone.
fn countries() -> Vec<Country> {
    let country = |origin, zoned| Country {
        origin,
        places: [[0.0, 0.0], [2_300.0, 900.0], [3_400.0, 3_000.0]],
        zoned,
    };
    vec![
        country([47.3, 8.5], [true, true, false]),
        country([-33.9, 151.2], [true, true, true]),
        country([60.2, 24.9], [false, true, false]),
        country([0.6, -78.4], [false, false, false]),
    ]
}

impl<'a> World<'a> {
    async fn start(app: &'a TestApp, country: Country, is_published: bool) -> Self {
        use diesel_async::SimpleAsyncConnection;

        let (owner, member, stranger) =
            (app.member("Ada").await, app.member("Mia").await, app.member("Eve").await);
        for place in (0..3).filter(|place| country.zoned[*place]) {
            let radius_m = 200 + 50 * place;
            let zone = json!({ "label": "Kept", "position": country.position(place), "radius_m": radius_m });
            assert_eq!(owner.post("/api/v1/me/zones", &zone).await.status(), 201);
        }
        app.run_jobs().await;
        let Twins { files: [file, _] } = country.twins(&mut Dice(99), true);
        let activity = owner.has_activity(&file).await["id"].as_str().unwrap().to_owned();
        // Taken where the line comes by a place that may be hidden.
        let [lon, lat] = country.position(1);
        let said = Said { place: Some([lat, lon]), ..Said::default() };
        let path = format!("/api/v1/activities/{activity}");
        has_photo(&owner, &path, &telling_jpeg(60, 40, &said)).await;
        let community = Uuid::new_v4().to_string();
        let mut sql = format!(
            "INSERT INTO commons.communities (community_id, name, visibility, created_at) VALUES ('{community}', 'Brook', 'private', now());"
        );
        for caller in [&owner, &member] {
            let row = format!("('{community}', '{}', 'member', now())", caller.account_id);
            write!(sql, "INSERT INTO commons.memberships VALUES {row};").unwrap();
        }
        connect(app, "opentracks").await.batch_execute(&sql).await.unwrap();
        let link: Value =
            owner.post(&format!("{path}/links"), &json!({})).await.json().await.unwrap();
        let token = link["token"].as_str().unwrap().to_owned();
        let share = owner.request(Method::PUT, &format!("{path}/communities/{community}"));
        assert_eq!(share.send().await.unwrap().status(), 200);
        if is_published {
            assert_eq!(owner.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
        }
        Self {
            country,
            owner,
            others: [app.anyone(), stranger, member],
            activity,
            token,
            community,
        }
    }

    fn path(&self) -> String {
        format!("/api/v1/activities/{}", self.activity)
    }

    /// Other choices; tells whether ends are cut.
    async fn choose(&self, dice: &mut Dice) -> bool {
        // Without a zone and with ends that are as visible as the rest, nothing would be hidden.
        let ends_m = [0, 200, 200, 500][usize::try_from(dice.below(4)).unwrap()];
        let ends_m = if self.country.zoned.contains(&true) { ends_m } else { ends_m.max(200) };
        let choices = json!({
            "hour": dice.one_in(2),
            "heart_rate": dice.one_in(2),
            "map": !dice.one_in(8),
            "ends_m": ends_m,
        });
        let answer = self.owner.patch(&self.path(), &json!({ "choices": choices })).await;
        assert_eq!(answer.status(), 200);
        ends_m != 0
    }

    /// Puts another line in the place of the one before.
    async fn draw(&self, file: &[u8]) {
        let request = self.owner.request(Method::PUT, &format!("{}/track", self.path()));
        let file = Form::new().part("file", Part::bytes(file.to_vec()).file_name("track.gpx"));
        let answer = request.multipart(file).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status == 200 && text.contains("\"flaws\":[]"), "{text}");
    }

    /// All that others get.
    async fn ask_all(&self) -> BTreeMap<String, Heard> {
        let turns = join_all((0..3).map(|turn| self.ask(turn))).await;
        turns.into_iter().flatten().collect()
    }

    /// What others get: a third of all of it at a turn, by one of them and by whoever has the link.
    async fn ask(&self, turn: u32) -> Vec<(String, Heard)> {
        let path = self.path();
        let turn = usize::try_from(turn).unwrap();
        let who = |index: usize| &self.others[(turn / 3 + index) % 3];
        let shared = format!("/api/v1/shared/{}", self.token);
        let of_owner = format!("/api/v1/members/{}", self.owner.account_id);
        let of_community = format!("/api/v1/communities/{}/activities", self.community);
        let mut addresses =
            vec![(who(0), format!("/s/{}", self.token)), (who(1), of_owner.clone())];
        addresses
            .extend([(who(2), format!("{of_owner}/activities")), (&self.others[2], of_community)]);
        for (index, child) in CHILDREN.into_iter().chain(["/photos"]).enumerate() {
            addresses.push((who(index), format!("{path}{child}")));
            addresses.push((who(index + 1), format!("{shared}{child}")));
        }
        let addresses =
            addresses.into_iter().enumerate().filter(|(index, _)| index % 3 == turn % 3);
        // Whoever of them asks, the member sees it at each turn.
        let addresses = addresses.map(|(_, address)| address).chain([(&self.others[2], path)]);
        let get = |(caller, path): (&Caller<'_>, String)| {
            let request = caller.request(Method::GET, &path);
            (path, request)
        };
        let mut asked: Vec<(String, RequestBuilder)> = addresses.map(get).collect();
        let nearby = json!({ "position": self.country.position(1), "radius_m": 50_000 });
        let search = who(2).request(Method::POST, "/api/v1/explore/nearby").json(&nearby);
        asked.push(("nearby".to_owned(), search));
        asked.push(self.explore(who(0), turn));
        let answers =
            asked.into_iter().map(async |(path, request)| (path, Heard::of(request).await));
        join_all(answers).await
    }

    /// How it is found, by each way in its turn.
    fn explore(&self, who: &Caller<'_>, turn: usize) -> (String, RequestBuilder) {
        let [lon, lat] = self.country.position(1);
        let bbox = format!("bbox={},{},{},{}", lon - 0.2, lat - 0.2, lon + 0.2, lat + 0.2);
        let around = [-0.02, 0.02].map(|off| [lon + off, lat]);
        let paths = [
            format!("/api/v1/explore/search?{bbox}&facets=true&sort=longest"),
            tile_of(8, lon, lat),
            tile_of(10, lon, lat),
            tile_of(12, lon, lat),
            tile_of(14, lon, lat),
            tile_of(16, lon, lat),
            format!("/ogc/collections/activities/items?{bbox}"),
            format!("/ogc/collections/waypoints/items?{bbox}"),
        ];
        let questions = [
            ("nearby", json!({ "position": [lon, lat], "radius_m": 2_000, "to": "line" })),
            ("along", json!({ "line": around, "within_m": 1_000 })),
            ("along", json!({ "activity": self.activity })),
        ];
        let turn = turn % (paths.len() + questions.len());
        if let Some(path) = paths.get(turn) {
            return (path.clone(), who.request(Method::GET, path));
        }
        let (to, body) = &questions[turn - paths.len()];
        let path = format!("/api/v1/explore/{to}");
        (format!("{path} {body}"), who.request(Method::POST, &path).json(body))
    }
}
