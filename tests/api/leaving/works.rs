//! What stays of those who have left: works that are nobody's.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use futures_util::join;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Scene, feed, found, opened, publish, titled, work};
use crate::activities::path_of;
use crate::communities::{community, json_of, put, share};
use crate::harness::{Caller, Hold, TestApp, connect, dump_data, northward_gpx, waiting};
use crate::links::{link, shared};
use crate::tiles::{tells, tile, tile_of};

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_7_1_what_was_shared_stays_without_its_author() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let Scene { ada, eve, community, .. } = &scene;
    let before = work(&app.anyone(), "Up the valley").await.unwrap();
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    app.finish_leaving().await;

    let published = work(&app.anyone(), "Up the valley").await.unwrap();
    let linked = opened(&app, &scene.link).await.unwrap();
    let shared_with = feed(eve, community).await;
    assert_eq!((linked["title"].clone(), shared_with.len()), (json!("For some friends"), 1));
    assert_eq!(shared_with[0]["title"], "With the club");
    for (work, old) in [
        (&published, &scene.published),
        (&linked, &scene.linked),
        (&shared_with[0], &scene.communal),
    ] {
        assert_eq!(work["author"], Value::Null);
        assert_eq!((&work["day"], &work["hour"]), (&json!("2026-05-01"), &Value::Null));
        assert!(
            work["statistics"]["moving_s"].is_null() && work["statistics"]["elapsed_s"].is_null()
        );
        assert!(!old.ends_with(work["id"].as_str().unwrap()), "it has another id");
        // By the old one there is nothing, for nobody.
        for viewer in [app.anyone(), eve.clone()] {
            assert_eq!(viewer.get(old).await.status(), 404);
        }
    }
    // Less of it than before, and nothing more.
    let (bbox, was) = (&published["statistics"]["bbox"], &before["statistics"]["bbox"]);
    let edge = |bbox: &Value, index: usize| bbox[index].as_f64().unwrap();
    let trimmed_m = (edge(bbox, 1) - edge(was, 1)) * 111_000.0;
    // There is a point each 10 m.
    assert!((89.0..=511.0).contains(&trimmed_m), "{trimmed_m}");
    assert!(edge(bbox, 3) < edge(was, 3));
    assert!(
        published["statistics"]["distance_m"].as_f64()
            < before["statistics"]["distance_m"].as_f64()
    );
    let path = path_of(&published);
    for child in
        ["/track.geojson", "/track.gpx", "/track.tcx", "/track.kml", "/track.csv", "/profile"]
    {
        let answer = app.anyone().get(&format!("{path}{child}")).await;
        assert_eq!(answer.status(), 200, "{child}");
        let text = answer.text().await.unwrap();
        for gone in ["Ada", "Brook", "2026-05-30", "T07:"] {
            assert!(!text.contains(gone), "{child}: {gone}");
        }
    }
    // It is found, counted and drawn like any other.
    let search: Value =
        app.anyone().get("/api/v1/explore/search?q=valley").await.json().await.unwrap();
    assert_eq!(search["items"][0]["id"], published["id"]);
    let near = tile(&app.anyone(), &tile_of(13, super::LON, 47.315)).await;
    assert!(tells(&near, published["id"].as_str().unwrap()) && !tells(&near, "Brook"));
    assert!(tells(&tile(&app.anyone(), &tile_of(6, super::LON, 47.315)).await, "activities"));
    // In a community its members find it, and others do not.
    assert!(work(eve, "With the club").await.is_some());
    assert!(work(&app.anyone(), "With the club").await.is_none());
    // It stays without limit.
    app.advance(TimeDelta::days(4_000));
    app.run_jobs().await;
    assert_eq!(found(&app.anyone()).await.len(), 1);
    assert!(opened(&app, &scene.link).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn its_author_says_what_is_not_to_stay() {
    for (wishes, stays) in [
        (json!({ "published": "erase" }), [false, true, true]),
        (json!({ "shared": "erase" }), [true, false, false]),
        (json!({ "published": "erase", "shared": "erase" }), [false, false, false]),
    ] {
        let app = TestApp::start().await;
        let scene = Scene::of(&app).await;
        assert_eq!(scene.ada.leave(&wishes).await.status(), 202);
        app.finish_leaving().await;
        assert_eq!(what_stays(&app, &scene).await, stays, "{wishes}");
    }
}

/// Restricting hid what others saw; leaving does not show it again, unless its owner says so.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_hidden_by_a_restriction_stays_only_where_that_is_said() {
    for (wishes, stays) in [
        (json!({}), [false, false, false]),
        (json!({ "published": "anonymize" }), [true, false, false]),
    ] {
        let app = TestApp::start().await;
        let scene = Scene::of(&app).await;
        let told = json_of(&scene.ada, "/api/v1/me/deletion").await;
        assert_eq!(told["defaults"]["published"], "anonymize");
        assert_eq!(put(&scene.ada, "/api/v1/me/restriction").await.status(), 200);
        app.run_jobs().await;
        let told = json_of(&scene.ada, "/api/v1/me/deletion").await;
        assert_eq!(
            (&told["defaults"]["published"], &told["defaults"]["shared"]),
            (&json!("erase"), &json!("erase"))
        );
        assert!(told["items"].as_array().unwrap().iter().all(|item| item["becomes"] == "erase"));
        assert_eq!(scene.ada.leave(&wishes).await.status(), 202);
        app.finish_leaving().await;
        assert_eq!(what_stays(&app, &scene).await, stays, "{wishes}");
    }
}

/// Also when it comes in between: nothing was said, and what that comes to is settled with the rest.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_restriction_hides_while_its_owner_leaves_is_not_shown_again() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let hold = Hold::on(&app, "commons.membership_requests").await;
    let (nothing, restricts) = (json!({}), async {
        // By then they have shown who they are.
        waiting(&app, 1).await;
        assert_eq!(put(&scene.ada, "/api/v1/me/restriction").await.status(), 200);
        hold.release().await;
    });
    let (left, ()) = join!(scene.ada.leave(&nothing), restricts);
    assert_eq!(left.status(), 202);
    app.finish_leaving().await;
    assert_eq!(what_stays(&app, &scene).await, [false, false, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_by_one_too() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let items = json!({
        id(&scene.published): "erase", id(&scene.communal): "anonymize",
        // What nobody saw stays nobody's to see.
        id(&scene.private): "anonymize",
    });
    let wishes = json!({ "published": "anonymize", "shared": "erase", "items": items });
    assert_eq!(scene.ada.leave(&wishes).await.status(), 202);
    app.finish_leaving().await;
    assert_eq!(what_stays(&app, &scene).await, [false, false, true]);
    assert!(!dump_data(&app).contains("Nobody sees this"));
    assert_eq!(rows(&app, "commons.renditions").await, 1);
}

/// Of what was published, what a link led to, and what a community saw.
async fn what_stays(app: &TestApp, scene: &Scene<'_>) -> [bool; 3] {
    let published = work(&app.anyone(), "Up the valley").await.is_some();
    let linked = opened(app, &scene.link).await.is_some();
    [published, linked, !feed(&scene.eve, &scene.community).await.is_empty()]
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_tell_whose_it_was_go() {
    let app = TestApp::start().await;
    let ada = app.member("Ada Brook").await;
    let names = json!({ "given_name": "Augusta", "family_name": "King" });
    assert_eq!(ada.patch("/api/v1/me", &names).await.status(), 200);
    let texts = [
        ("Along the river with Ada", "Quiet"),
        ("Up a hill", "Yours, Augusta KING"),
        ("From 7:12 on", "Fresh air"),
        ("Loop of the week", "Signed: the walker"),
        ("Ridge and lake", "Signed: the walker"),
        ("Down the valley", "On the 30th of May, a Saturday"),
        ("Over the pass with Ottilie", "Long"),
    ];
    // She was called otherwise before.
    let name = async |name: &str| {
        let answer = ada.patch("/api/v1/me", &json!({ "public_name": name })).await;
        assert_eq!(answer.status(), 200);
    };
    name("Ottilie B").await;
    name("Ada Brook").await;
    for (number, (title, description)) in texts.into_iter().enumerate() {
        let words = json!({ "title": title, "description": description });
        let file = northward_gpx(super::LON, super::LAT, 300 + number);
        let own: Value = ada.upload(&file, &words).await.json().await.unwrap();
        publish(&ada, &path_of(&own)).await;
    }
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    app.finish_leaving().await;
    let text = |work: &Value, name: &str| work[name].as_str().unwrap_or("-").to_owned();
    let mut left: Vec<(String, String)> = found(&app.anyone())
        .await
        .iter()
        .map(|work| (text(work, "title"), text(work, "description")))
        .collect();
    left.sort();
    let expected = [
        ("Down the valley", "-"),
        ("Loop of the week", "-"),
        ("Ridge and lake", "-"),
        ("Running", "Fresh air"),
        ("Running", "Long"),
        ("Running", "Quiet"),
        ("Up a hill", "-"),
    ];
    assert_eq!(left, expected.map(|(title, text)| (title.to_owned(), text.to_owned())));
    let dump = dump_data(&app);
    for gone in ["Augusta", "KING", "walker", "7:12", "with Ada", "Ottilie"] {
        assert!(!dump.contains(gone), "{gone}");
    }
}

/// Inside of a word, between signs that part no words, or in an address.
#[tokio::test(flavor = "multi_thread")]
async fn what_they_were_called_before_goes_wherever_in_a_text_it_stands() {
    let app = TestApp::start().await;
    let ada = app.member_at("hazel.quill@example.org", "Jane Dupont").await;
    for name in ["山田太郎", "Robin"] {
        let answer = ada.patch("/api/v1/me", &json!({ "public_name": name })).await;
        assert_eq!(answer.status(), 200);
    }
    let address = json!({ "email": "robin@example.net" });
    let asked = ada.request(Method::PUT, "/api/v1/me/email").json(&address).send().await.unwrap();
    assert_eq!(asked.status(), 202);
    let (old, new) = (app.code(&ada.email).await, app.code("robin@example.net").await);
    let codes = json!({ "old_code": old, "new_code": new });
    assert_eq!(ada.post("/api/v1/me/email/confirmation", &codes).await.status(), 204);
    let texts = [
        ("JaneDupont's evening loop", "Quiet"),
        ("今日は山田太郎のコース", "Long"),
        ("今日のコース", "Fresh air"),
        ("Up a hill", "Write to hazel.quill@example.org"),
        ("Over the pass", "www.hazelquillrides.example"),
        ("Down to the quay", "With example.org"),
    ];
    for (number, (title, description)) in texts.into_iter().enumerate() {
        let words = json!({ "title": title, "description": description });
        let file = northward_gpx(super::LON, super::LAT, 300 + number);
        let own: Value = ada.upload(&file, &words).await.json().await.unwrap();
        publish(&ada, &path_of(&own)).await;
    }
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    app.finish_leaving().await;
    let mut left: Vec<String> = found(&app.anyone())
        .await
        .iter()
        .map(|work| format!("{} / {}", work["title"], work["description"]))
        .collect();
    left.sort();
    let expected = [
        r#""Down to the quay" / "With example.org""#,
        r#""Over the pass" / null"#,
        r#""Running" / "Long""#,
        r#""Running" / "Quiet""#,
        r#""Up a hill" / null"#,
        r#""今日のコース" / "Fresh air""#,
    ];
    assert_eq!(left, expected);
}

/// What is to stay is nowhere else by then.
#[tokio::test(flavor = "multi_thread")]
async fn what_stays_is_shown_however_often_that_fails() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    publish(&ada, &titled(&ada, 301, "Up the valley").await).await;
    let reviewed = titled(&eve, 302, "Over the pass").await;
    publish(&eve, &reviewed).await;
    let review = json!({ "rating": 4, "text": "Roots and stones" });
    assert_eq!(ada.post(&format!("{reviewed}/reviews"), &review).await.status(), 201);
    let mut conn = connect(&app, "opentracks").await;
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    app.run_jobs().await;
    conn.batch_execute(
        "REVOKE INSERT ON commons.renditions, commons.reviews FROM opentracks_owner",
    )
    .await
    .unwrap();
    for _ in 0..30 {
        app.advance(TimeDelta::hours(1));
        app.run_jobs().await;
    }
    assert!(work(&app.anyone(), "Up the valley").await.is_none());
    conn.batch_execute("GRANT INSERT ON commons.renditions, commons.reviews TO opentracks_owner")
        .await
        .unwrap();
    app.advance(TimeDelta::hours(1));
    app.run_jobs().await;
    assert!(work(&app.anyone(), "Up the valley").await.is_some());
    let said = json_of(&app.anyone(), &format!("{reviewed}/reviews")).await;
    assert_eq!(said["items"][0]["text"], "Roots and stones");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_anonymous_in_good_conscience_is_erased() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let short = titled(&ada, 115, "Too short").await;
    publish(&ada, &short).await;
    let limited = titled(&ada, 300, "For a week").await;
    let until = json!({ "until": "2026-06-08T12:00:00Z" });
    assert_eq!(ada.post(&format!("{limited}/publish"), &until).await.status(), 200);
    let passing = titled(&ada, 301, "By a link that ends").await;
    let ends = link(&ada, &passing, json!({ "expires_at": "2026-07-01T12:00:00Z" })).await;
    // A file whose track does not open any more.
    let damaged = titled(&ada, 302, "Damaged").await;
    publish(&ada, &damaged).await;
    let mut conn = connect(&app, "opentracks_owner").await;
    let damage = format!(
        "UPDATE vault.tracks SET track = '\\x00' WHERE activity_id = '{}'",
        damaged.rsplit('/').next().unwrap()
    );
    diesel_async::SimpleAsyncConnection::batch_execute(&mut conn, &damage).await.unwrap();
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    app.finish_leaving().await;
    assert!(found(&app.anyone()).await.is_empty() && opened(&app, &ends).await.is_none());
    assert_eq!(rows(&app, "commons.renditions").await, 0);
    assert_eq!(rows(&app, "commons.links").await, 0);
    let mails = app.mails(&ada.email).await;
    assert!(mails.last().unwrap().contains("4 activities"), "{mails:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_map_stays_hidden() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = titled(&ada, 300, "Somewhere").await;
    assert_eq!(ada.patch(&path, &json!({ "choices": { "map": false } })).await.status(), 200);
    publish(&ada, &path).await;
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    app.finish_leaving().await;
    let search: Value =
        app.anyone().get("/api/v1/explore/search?sort=newest").await.json().await.unwrap();
    assert!(found(&app.anyone()).await.is_empty(), "{search}");
    assert_eq!(rows(&app, "commons.renditions WHERE track IS NULL").await, 1);
    assert_eq!(rows(&app, "commons.published").await, 0);
}

/// A link keeps its password, and forgets how often it was opened.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_link_stays_locked() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = titled(&ada, 300, "Behind a lock").await;
    let made = link(&ada, &path, json!({ "password": "brook" })).await;
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    app.finish_leaving().await;
    assert_eq!(app.anyone().get(&shared(&made)).await.status(), 401);
    let unlock = format!("{}/unlock", shared(&made));
    let answer = app.anyone().post(&unlock, &json!({ "password": "brook" })).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(rows(&app, "commons.links WHERE opened > 1").await, 0);
}

/// The work goes with the last who sees it.
#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_community_saw_goes_with_it() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let Scene { ada, eve, community: riders, .. } = &scene;
    let other = community(eve, "Walkers", "public").await;
    super::joins(ada, &other).await;
    assert_eq!(share(ada, &scene.published, &other).await.status(), 200);
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    app.finish_leaving().await;
    assert_eq!(feed(eve, &other).await.len(), 1);
    assert_eq!(rows(&app, "commons.renditions").await, 3);
    for path in [riders, &other] {
        assert_eq!(eve.delete(path).await.status(), 204);
    }
    // The published one stays published, and the one that a link leads to.
    assert_eq!(rows(&app, "commons.renditions").await, 2);
    assert_eq!(found(&app.anyone()).await.len(), 1);
    assert!(opened(&app, &scene.link).await.is_some());
}

/// Who is kept away from would see for the first time what is nobody's then.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_away_from_somebody_stays_nowhere_where_they_are_or_could_be() {
    for (visibility, is_in, stays) in
        [("public", true, 0), ("public", false, 0), ("private", true, 0), ("private", false, 1)]
    {
        let app = TestApp::start().await;
        let (ada, eve, ben) =
            (app.member("Ada").await, app.member("Eve").await, app.member("Ben").await);
        let path = community(&eve, "Riders", visibility).await;
        crate::communities::joins(&ada, &path, &eve, "member").await;
        if is_in {
            crate::communities::joins(&ben, &path, &eve, "member").await;
        }
        crate::communities::shares(&ada, &path).await;
        let outlook = async || json_of(&ada, "/api/v1/me/deletion").await["items"][0].clone();
        assert_eq!(outlook().await["becomes"], "anonymize");
        let block = format!("/api/v1/me/blocks/{}", ben.account_id);
        assert!(put(&ada, &block).await.status().is_success());
        let because = if stays == 0 { json!("kept_away") } else { Value::Null };
        assert_eq!(outlook().await["because"], because, "{visibility} {is_in}");
        assert_eq!(ada.leave(&json!({})).await.status(), 202);
        app.finish_leaving().await;
        assert_eq!(feed(&eve, &path).await.len(), stays, "{visibility} {is_in}");
    }
}

/// Whoever keeps away from others reads what is nobody's, in a community and outside.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_keeps_away_from_nobody() {
    let app = TestApp::start().await;
    let scene = Scene::of(&app).await;
    let Scene { ada, eve, community, .. } = &scene;
    let ben = app.member("Ben").await;
    super::joins(&ben, community).await;
    assert!(put(eve, &format!("/api/v1/me/blocks/{}", ben.account_id)).await.status().is_success());
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    app.finish_leaving().await;
    assert_eq!(feed(eve, community).await.len(), 1);
    assert_eq!(found(eve).await.len(), 2);
}

/// The same file, the same place: each has what is theirs.
#[tokio::test(flavor = "multi_thread")]
async fn who_stays_keeps_what_is_theirs_also_of_the_same_file() {
    let app = TestApp::start().await;
    let file = northward_gpx(super::LON, super::LAT, 300);
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let (left, stays) = (ada.has_published(&file).await, eve.has_published(&file).await);
    let path = format!("/api/v1/activities/{stays}");
    let before = everything_of(&eve, &path).await;
    assert_eq!(ada.leave(&json!({})).await.status(), 202);
    assert_eq!(everything_of(&eve, &path).await, before);
    app.finish_leaving().await;
    assert_eq!(everything_of(&eve, &path).await, before);
    assert_eq!(found(&app.anyone()).await.len(), 2);
    assert_eq!(app.anyone().get(&format!("/api/v1/activities/{left}")).await.status(), 404);
}

/// They have nothing in common but the way.
#[tokio::test(flavor = "multi_thread")]
async fn works_of_the_same_files_are_cut_each_on_its_own() {
    let app = TestApp::start().await;
    // How much is cut off is chance, and may be the same for one way: for none of three it is not.
    let ways = [0.0, 0.1, 0.2].map(|east| northward_gpx(super::LON + east, super::LAT, 300));
    for name in ["Ada", "Eve"] {
        let who = app.member(name).await;
        for way in &ways {
            who.has_published(way).await;
        }
        assert_eq!(who.leave(&json!({})).await.status(), 202);
    }
    app.finish_leaving().await;
    let works = found(&app.anyone()).await;
    let mut lines = BTreeSet::new();
    for work in &works {
        let track = json_of(&app.anyone(), &format!("{}/track.geojson", path_of(work))).await;
        let line = &track["features"][0]["geometry"];
        assert!(line.is_object());
        lines.insert(line.to_string());
    }
    assert_eq!(works.len(), 6);
    assert!(3 < lines.len(), "{}", lines.len());
}

async fn everything_of(who: &Caller<'_>, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for child in ["", "?as=public", "/track.geojson", "/profile"] {
        all.push(json_of(who, &format!("{path}{child}")).await);
    }
    let original = who.get(&format!("{path}/original")).await.text().await.unwrap();
    all.push(json!(original));
    all
}

/// How many rows there are.
pub(super) async fn rows(app: &TestApp, of: &str) -> i64 {
    use diesel_async::RunQueryDsl;
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        rows: i64,
    }
    let query = diesel::sql_query(format!("SELECT count(*) AS rows FROM {of}"));
    query.get_result::<Count>(&mut connect(app, "opentracks_owner").await).await.unwrap().rows
}
