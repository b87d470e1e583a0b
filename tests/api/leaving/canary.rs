//! A person with something in every state that anything can have leaves: of what must go there is nothing left,
//! wherever one looks, and what remains is what the receipt says.

use std::collections::BTreeSet;
use std::fs;

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use reqwest::Method;
use serde_json::{Value, json};

use super::photos::{SIDES, files, taken};
use super::works::rows;
use super::{LAT, LON, found, opened, publish, unfolded};
use crate::activities::path_of;
use crate::archives::{EXPORTS, export};
use crate::auth::{applicant, forgot, register};
use crate::communities::{community, put, share};
use crate::harness::{Caller, PASSWORD, TestApp, connect, dump_data, logged, northward_gpx};
use crate::links::link;
use crate::pictures::{CANARY, Said, telling_jpeg};

/// Begins every word of hers that nobody else has.
const WORD: &str = "Xanadu";
/// Where she lives: nowhere near what others see of her.
const HOME: [f64; 2] = [9.512_345_6, 48.312_345_6];

/// An activity with words, a place of interest and a photo; its path.
async fn has(who: &Caller<'_>, name: &str, title: Option<&str>) -> String {
    let gpx = String::from_utf8(northward_gpx(LON, LAT, 400)).unwrap();
    let words = format!("<name>{WORD} {name} name</name><desc>{WORD} {name} text</desc><trk>");
    let place = format!("<wpt lat=\"{}\" lon=\"{LON}\">{words}", LAT + 0.018);
    let place = place.replace("<trk>", "</wpt><trk>");
    let gpx = gpx.replacen("<trk>", &place, 1).replacen(
        "creator=\"test\"",
        &format!("creator=\"{WORD} watch\""),
        1,
    );
    let title = title.map_or_else(|| format!("{WORD} {name}"), ToOwned::to_owned);
    let words = json!({ "title": title, "description": format!("{WORD} {name} by Augusta") });
    let answer = who.upload(gpx.as_bytes(), &words).await;
    assert_eq!(answer.status(), 201);
    let path = path_of(&answer.json().await.unwrap());
    taken(who, &path, SIDES).await;
    path
}

async fn pictured(who: &Caller<'_>, path: &str) {
    let said = Said {
        clock: Some("2026:05:30 07:10:00"),
        place: Some([HOME[1], HOME[0]]),
        ..Said::default()
    };
    let request = who.request(Method::PUT, path).header("Content-Type", "image/jpeg");
    let answer = request.body(telling_jpeg(60, 40, &said)).send().await.unwrap();
    assert_eq!(answer.status(), 204, "{path}");
}

/// What was of an account before it left, by which one would know it again.
struct Life<'a> {
    ada: Caller<'a>,
    eve: Caller<'a>,
    /// Ids and tokens.
    traces: BTreeSet<String>,
    riders: String,
    link: Value,
}

/// Everything, in every state.
#[expect(clippy::too_many_lines, reason = "a list")]
async fn life(app: &TestApp) -> Life<'_> {
    let (ada, eve) = (app.member("Ada Xanadu").await, app.member("Eve").await);
    let ben = app.member("Ben").await;
    let phone =
        json!({ "email": ada.email, "password": PASSWORD, "device": format!("{WORD} phone") });
    assert_eq!(app.anyone().post("/api/v1/auth/login", &phone).await.status(), 200);
    let wrong = json!({ "email": ada.email, "password": "another one of them" });
    assert_eq!(app.anyone().post("/api/v1/auth/login", &wrong).await.status(), 401);
    let me = json!({
        "given_name": "Augusta", "family_name": format!("{WORD} King"),
        "professional": {
            "company": format!("{WORD} Ltd"), "role": format!("{WORD} role"), "town": format!("{WORD} town"),
            "link": "https://xanadu.example/me",
        },
    });
    assert_eq!(ada.patch("/api/v1/me", &me).await.status(), 200);
    pictured(&ada, "/api/v1/me/picture").await;
    for given in [true, false, true] {
        ada.agree("heat_map", given).await;
    }
    let zone = json!({ "label": format!("{WORD} home"), "position": HOME, "radius_m": 300 });
    assert_eq!(ada.post("/api/v1/me/zones", &zone).await.status(), 201);
    app.run_jobs().await;
    for (one, other) in [(&ada, &ben), (&ben, &ada)] {
        let block = format!("/api/v1/me/blocks/{}", other.account_id);
        assert!(put(one, &block).await.status().is_success());
    }
    // Communities: one that goes on, one that is hers alone, one that she waits for, one that keeps her out.
    let riders = community(&ada, "Riders", "private").await;
    crate::communities::joins(&eve, &riders, &ada, "member").await;
    pictured(&ada, &format!("{riders}/picture")).await;
    let alone = community(&ada, &format!("{WORD} alone"), "private").await;
    pictured(&ada, &format!("{alone}/picture")).await;
    let closed = community(&eve, "Closed", "private").await;
    assert_eq!(ada.post(&format!("{closed}/requests"), &json!({})).await.status(), 202);
    let shut = community(&eve, "Shut", "public").await;
    super::bans(&ada, &shut, &eve).await;

    // Activities: nobody's business, by each way, no more, not any more, not yet.
    let mut traces = BTreeSet::new();
    // What she said of another's: not in words that are hers.
    let gpx = String::from_utf8(northward_gpx(LON + 2.0, LAT, 300)).unwrap();
    let lake = eve.has_published(gpx.replace("2026-05-30", "2026-05-28").as_bytes()).await;
    let said = json!({ "rating": 4, "text": format!("{WORD} was here, says Augusta") });
    let said = ada.post(&format!("/api/v1/activities/{lake}/reviews"), &said).await;
    assert_eq!(said.status(), 201);
    let said: Value = said.json().await.unwrap();
    traces.insert(said["id"].as_str().unwrap().to_owned());
    let private = has(&ada, "private", None).await;
    let linked = has(&ada, "linked", Some("By a link")).await;
    let friends = link(&ada, &linked, json!({ "label": format!("{WORD} friends") })).await;
    let locked = json!({ "label": format!("{WORD} locked"), "password": "brook" });
    link(&ada, &linked, locked).await;
    let ended = has(&ada, "ended", None).await;
    let ends = json!({ "label": format!("{WORD} ends"), "expires_at": "2026-06-01T13:00:00Z" });
    link(&ada, &ended, ends).await;
    let communal = has(&ada, "communal", Some("With the club")).await;
    assert_eq!(share(&ada, &communal, &riders).await.status(), 200);
    let lonely = has(&ada, "lonely", None).await;
    assert_eq!(share(&ada, &lonely, &alone).await.status(), 200);
    let published = has(&ada, "published", Some("Up the valley")).await;
    publish(&ada, &published).await;
    let telling = has(&ada, "telling", None).await;
    publish(&ada, &telling).await;
    let passing = has(&ada, "passing", None).await;
    let until = json!({ "until": "2026-06-08T12:00:00Z" });
    assert_eq!(ada.post(&format!("{passing}/publish"), &until).await.status(), 200);
    let withdrawn = has(&ada, "withdrawn", None).await;
    publish(&ada, &withdrawn).await;
    assert_eq!(ada.post(&format!("{withdrawn}/unpublish"), &json!({})).await.status(), 200);
    let deleted = has(&ada, "deleted", None).await;
    assert_eq!(ada.delete(&deleted).await.status(), 204);
    for path in
        [&private, &linked, &ended, &communal, &lonely, &published, &telling, &passing, &withdrawn]
    {
        traces.insert(path.rsplit('/').next().unwrap().to_owned());
        let page: Value = ada.get(&format!("{path}/photos")).await.json().await.unwrap();
        traces.insert(page["items"][0]["id"].as_str().unwrap().to_owned());
    }

    // Handed over, and taken in again; and a problem, which is nobody's.
    app.run_jobs().await;
    let archive = export(app, &ada).await;
    let import = ada.request(Method::POST, "/api/v1/me/imports");
    let import = import.header("Content-Type", "application/zip").body(archive).send().await;
    assert_eq!(import.unwrap().status(), 202);
    app.run_jobs().await;
    let report = json!({
        "device_type": format!("{WORD} phone"), "os": "Android 16", "version": "1.2", "text": WORD,
    });
    assert_eq!(ada.post("/api/v1/diagnostics", &report).await.status(), 202);

    // What is on its way when she leaves: codes, mails, another address, another archive, a photo to be drawn.
    assert_eq!(forgot(app, &ada.email).await.status(), 202);
    assert_eq!(ada.post("/api/v1/me/deletion/code", &json!({})).await.status(), 202);
    app.run_jobs().await;
    let other = json!({ "email": "xanadu@example.org" });
    let asked = ada.request(Method::PUT, "/api/v1/me/email").json(&other).send().await.unwrap();
    assert_eq!(asked.status(), 202);
    register(app, &applicant(&ada.email)).await;
    assert_eq!(forgot(app, &ada.email).await.status(), 202);
    let wish = json!({ "label": format!("{WORD} mail"), "email_to": ["grandma@example.org"] });
    assert_eq!(ada.post(&format!("{linked}/links"), &wish).await.status(), 201);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(ada.post(EXPORTS, &json!({})).await.status(), 202);
    let photo = telling_jpeg(60, 40, &Said::default());
    let waits = crate::photos::send(&ada, &private, &[&photo], &json!({ "caption": WORD })).await;
    assert_eq!(waits.status(), 201);
    for secret in [&ada.token, &ada.refresh_token] {
        traces.insert(secret.clone().unwrap());
    }
    Life { ada, eve, traces, riders, link: friends }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_account_in_every_state_nothing_is_left_that_must_go() {
    let app = TestApp::start().await;
    let Life { ada, eve, traces, riders, link } = life(&app).await;
    let before = dump_data(&app);
    assert!(before.contains(WORD) && before.contains(&ada.account_id));
    let there = files(&app);
    assert!(there.len() > 30, "{}", there.len());

    assert_eq!(ada.leave(&json!({ "photos": "anonymize" })).await.status(), 202);
    app.finish_leaving().await;
    app.advance(TimeDelta::hours(1));
    app.run_jobs().await;

    // Tables: no word of hers, no id, no token; of ids those that are taken for good, once.
    let mut conn = connect(&app, "opentracks").await;
    conn.batch_execute("CHECKPOINT").await.unwrap();
    let dump = dump_data(&app);
    for gone in
        [WORD, "xanadu", "Augusta", CANARY, "2026-05-30", "argon2id$v=19$m=19456,t=2,p=1$ada"]
    {
        let lines = dump.lines().filter(|line| line.contains(gone)).collect::<Vec<_>>();
        assert!(lines.is_empty(), "{gone}: {lines:?}");
    }
    for trace in &traces {
        let found = dump.matches(trace.as_str()).count();
        assert!(found <= usize::from(trace.len() == 36), "{trace} is there {found} times");
    }
    assert_eq!(dump.matches(&ada.account_id).count(), 1, "in the ledger");
    // Files: of those that there were one, which is another's; and of new ones those of photos that stay.
    let left = files(&app);
    assert_eq!(left.intersection(&there).count(), 1);
    // Queue and outbox: what was to be done is done or called off.
    assert_eq!(rows(&app, "ops.jobs").await, 0);
    assert!(app.mails("grandma@example.org").await.is_empty());
    for address in ["xanadu@example.org", ada.email.as_str()] {
        for mail in app.mails(address).await {
            assert!(!unfolded(&mail).contains("brook"), "{mail}");
        }
    }
    // Logs, as ever.
    let log = logged();
    for gone in [WORD, "Augusta", CANARY, ada.email.as_str()] {
        assert!(!log.contains(gone), "{gone}");
    }
    for trace in traces.iter().filter(|trace| trace.len() != 36) {
        assert!(!log.contains(trace.as_str()));
    }

    // What remains is what the receipt says: works and photos of nobody's, that others see.
    let receipt = app.mails(&ada.email).await;
    let receipt = unfolded(receipt.iter().find(|mail| mail.contains("Receipt")).unwrap());
    let works = rows(&app, "commons.renditions WHERE author_id IS NULL").await;
    let photos = rows(&app, "commons.photos").await;
    assert!(receipt.contains(&format!("{works} works")), "{works}: {receipt}");
    assert!(receipt.contains(&format!("{photos} of your photos")), "{photos}: {receipt}");
    assert_eq!((works, photos, left.len()), (4, 4, 13), "{receipt}");
    // Of another's there is what there was, with what she thought of it.
    assert_eq!(rows(&app, "commons.renditions WHERE rating = 4").await, 1);
    let mut titles: Vec<String> = found(&app.anyone())
        .await
        .iter()
        .map(|work| format!("{} {}", work["title"].as_str().unwrap(), work["description"]))
        .collect();
    titles.sort();
    assert_eq!(titles, ["Running null", "Up the valley null"]);
    assert_eq!(opened(&app, &link).await.unwrap()["title"], "By a link");
    let eve = app.sign_in(&eve.email, PASSWORD).await;
    assert_eq!(super::feed(&eve, &riders).await[0]["title"], "With the club");
    assert_eq!(rows(&app, "identity.accounts").await, 2);
    assert_eq!(rows(&app, "commons.communities").await, 3);
    // Her own picture went; that of the community is its members'.
    assert_eq!(rows(&app, "commons.member_pictures").await, 0);
    assert_eq!(rows(&app, "commons.community_pictures").await, 1);
    // The problem was tied to nobody, and goes with its time.
    assert_eq!(rows(&app, "ops.diagnostics").await, 1);
    assert!(fs::read_dir(app.data.join("blobs/erasures")).unwrap().count() == 1);
}
