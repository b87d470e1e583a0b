//! Restriction of processing: the data stay, and nothing uses them.

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::activities::path_of;
use crate::archives::export;
use crate::bad_input::refused;
use crate::communities::{community, joins, put, shares};
use crate::harness::{Caller, Hold, PASSWORD, TestApp, connect, northward_gpx, waiting};
use crate::heard::Heard;
use crate::jobs::count;
use crate::sharing::CHILDREN;

const RESTRICTION: &str = "/api/v1/me/restriction";

/// Somebody who shares in every way there is, and all ways by which others come to it.
struct World {
    /// What is there under its own name: gone is 404.
    things: Vec<String>,
    /// What may hold something of it among other things.
    lists: Vec<String>,
    /// What tells whose it is.
    traces: Vec<String>,
}

impl World {
    async fn of(ada: &Caller<'_>, eve: &Caller<'_>) -> Self {
        let own = community(ada, "Adas circle", "public").await;
        joins(eve, &own, ada, "member").await;
        let eves = community(eve, "Eves circle", "private").await;
        joins(ada, &eves, eve, "member").await;
        let published = format!("/api/v1/activities/{}", ada.has_published(&walk()).await);
        let shared = shares(ada, &eves).await;
        let in_own = shares(ada, &own).await;
        let linked = path_of(&ada.has_activity(&walk()).await);
        let link = ada.post(&format!("{linked}/links"), &json!({ "label": "For Grandma" })).await;
        let link: Value = link.json().await.unwrap();
        let token = link["token"].as_str().unwrap();
        let mut things = vec![format!("/s/{token}"), format!("/api/v1/members/{}", ada.account_id)];
        for path in [&published, &shared, &in_own, &format!("/api/v1/shared/{token}")] {
            things.extend(CHILDREN.map(|child| format!("{path}{child}")));
        }
        let id = published.rsplit('/').next().unwrap();
        things.push(format!("/ogc/collections/activities/items/{id}"));
        let lists = [
            "/api/v1/explore/search?limit=100",
            "/api/v1/explore/search?q=running",
            "/ogc/collections/activities/items?limit=100",
            "/tiles/0/0/0.mvt",
            "/tiles/9/268/179.mvt",
            "/tiles/14/8578/5740.mvt",
        ];
        let mut lists: Vec<String> = lists.map(ToOwned::to_owned).to_vec();
        for circle in [&own, &eves] {
            lists.extend(["activities", "members", "requests"].map(|of| format!("{circle}/{of}")));
        }
        let ids = [&published, &shared, &in_own, &linked].map(|path| path.rsplit('/').next());
        let mut traces: Vec<String> = ids.map(|id| id.unwrap().to_owned()).to_vec();
        traces.extend([ada.account_id.clone(), "\"Ada\"".to_owned()]);
        Self { things, lists, traces }
    }

    /// What everybody hears who asks for any of it.
    async fn heard_by(&self, callers: &[&Caller<'_>]) -> Vec<Heard> {
        let mut heard = Vec::new();
        for caller in callers {
            for path in self.things.iter().chain(&self.lists) {
                heard.push(Heard::of(caller.request(Method::GET, path)).await);
            }
            let nearby = json!({ "position": [8.5, 47.3], "radius_m": 50_000, "limit": 100 });
            let request = caller.request(Method::POST, "/api/v1/explore/nearby").json(&nearby);
            heard.push(Heard::of(request).await);
        }
        heard
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_od_5_1_restricted_data_stay_and_nothing_uses_them() {
    let app = TestApp::start().await;
    let (ada, eve, bob) =
        (app.member("Ada").await, app.member("Eve").await, app.member("Bob").await);
    let world = World::of(&ada, &eve).await;
    app.run_jobs().await;
    let nobody = app.anyone();
    let others = [&nobody, &eve, &bob];
    let before = world.heard_by(&others).await;
    assert!(
        others
            .iter()
            .zip(before.chunks(before.len() / 3))
            .all(|(_, heard)| { heard.iter().any(|one| one.status == 200) })
    );
    let mine: Value = ada.get("/api/v1/me/activities?limit=100").await.json().await.unwrap();
    let told: Value = ada.get(RESTRICTION).await.json().await.unwrap();
    assert_eq!(told, json!({ "restricted": false, "since": null }));

    let since: Value = restrict(&ada).await.json().await.unwrap();
    assert_eq!(since, json!({ "restricted": true, "since": "2026-06-01T12:00:00Z" }));
    // With the answer, and also once jobs had their turn, again and again.
    for hours in [0, 1, 30] {
        app.advance(TimeDelta::hours(hours));
        app.run_jobs().await;
        let eve = app.sign_in(&eve.email, PASSWORD).await;
        let bob = app.sign_in(&bob.email, PASSWORD).await;
        for caller in [&nobody, &eve, &bob] {
            for path in &world.things {
                let answer = Heard::of(caller.request(Method::GET, path)).await;
                assert_eq!(answer.status, 404, "{path}: {}", answer.text());
            }
        }
        for heard in world.heard_by(&[&nobody, &eve, &bob]).await {
            for trace in &world.traces {
                assert!(!heard.text().contains(trace), "{trace} in {}", heard.text());
            }
        }
        assert_eq!(tile(&app).await, b"", "not counted either");
    }
    // They stay, and are their owner's.
    let ada = app.sign_in(&ada.email, PASSWORD).await;
    let kept: Value = ada.get("/api/v1/me/activities?limit=100").await.json().await.unwrap();
    let fields = |list: &Value, field: &str| -> Vec<Value> {
        list["items"].as_array().unwrap().iter().map(|item| item[field].clone()).collect()
    };
    for field in ["id", "visibility", "title", "statistics", "version"] {
        assert_eq!(fields(&kept, field), fields(&mine, field), "{field}");
    }

    assert_eq!(ada.delete(RESTRICTION).await.status(), 204);
    app.run_jobs().await;
    let (eve, bob) =
        (app.sign_in(&eve.email, PASSWORD).await, app.sign_in(&bob.email, PASSWORD).await);
    let after = world.heard_by(&[&nobody, &eve, &bob]).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after, "all is as before");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_restricts_shows_nothing_more_and_may_take_back_and_change() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let (open, eves) =
        (community(&eve, "Open", "public").await, community(&eve, "Closed", "private").await);
    joins(&ada, &eves, &eve, "member").await;
    let own = path_of(&ada.has_activity(&walk()).await);
    let published = format!("/api/v1/activities/{}", ada.has_published(&walk()).await);
    assert_eq!(restrict(&ada).await.status(), 200);
    assert_eq!(restrict(&ada).await.status(), 200, "again is no harm");

    let circle = eves.rsplit('/').next().unwrap();
    let post = async |path: String| ada.post(&path, &json!({})).await;
    for answer in [
        post(format!("{own}/publish")).await,
        post(format!("{own}/publish?check=true")).await,
        post(format!("{own}/links")).await,
        put(&ada, &format!("{own}/communities/{circle}")).await,
        post(format!("{open}/requests")).await,
        ada.post("/api/v1/communities", &json!({ "name": "Mine", "visibility": "public" })).await,
        ada.post("/api/v1/me/visibility", &json!({ "visibility": "published" })).await,
        ada.get(&format!("{own}?as=public")).await,
    ] {
        let problem = refused(answer, 409).await;
        assert_eq!(problem["type"], "/problems/restricted", "{problem}");
    }
    // An edit of what is shared shows nothing, nor does a zone that is made or let go.
    assert_eq!(ada.patch(&published, &json!({ "title": "Evening" })).await.status(), 200);
    let zone = json!({ "label": "Home", "position": [8.5, 47.31], "radius_m": 300 });
    assert_eq!(ada.post("/api/v1/me/zones", &zone).await.status(), 201);
    app.run_jobs().await;
    refused(app.anyone().get(&published).await, 404).await;
    // What was taken back meanwhile stays so.
    assert_eq!(post(format!("{published}/unpublish")).await.status(), 200);
    assert_eq!(ada.delete(RESTRICTION).await.status(), 204);
    app.run_jobs().await;
    refused(app.anyone().get(&published).await, 404).await;
    assert_eq!(post(format!("{published}/publish")).await.status(), 200);
    let seen: Value = app.anyone().get(&published).await.json().await.unwrap();
    assert_eq!((&seen["title"], &seen["statistics"]["parts"]), (&json!("Evening"), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_restricts_is_there_for_nobody_in_a_community() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let bob = app.member("Bob").await;
    let (open, closed) =
        (community(&eve, "Open", "public").await, community(&eve, "Closed", "private").await);
    joins(&ada, &open, &eve, "member").await;
    joins(&bob, &open, &eve, "member").await;
    assert_eq!(ada.post(&format!("{closed}/requests"), &json!({})).await.status(), 202);
    assert_eq!(restrict(&ada).await.status(), 200);

    let request = format!("{closed}/requests/{}", ada.account_id);
    let member = format!("{open}/members/{}", ada.account_id);
    let never = format!("{open}/members/{}", uuid::Uuid::new_v4());
    let role = json!({ "role": "moderator" });
    for answer in [
        put(&eve, &request).await,
        eve.delete(&request).await,
        eve.patch(&member, &role).await,
        eve.patch(&never, &role).await,
        eve.delete(&member).await,
    ] {
        refused(answer, 404).await;
    }
    // Nor do they come to administer what they cannot be seen in.
    assert_eq!(eve.delete(&format!("{open}/members/{}", eve.account_id)).await.status(), 204);
    let members: Value = bob.get(&format!("{open}/members")).await.json().await.unwrap();
    let [only] = members["items"].as_array().unwrap().as_slice() else { panic!("{members}") };
    assert_eq!(
        (&only["member"]["public_name"], &only["role"]),
        (&json!("Bob"), &json!("administrator"))
    );
    // To themself they are.
    let members: Value = ada.get(&format!("{open}/members")).await.json().await.unwrap();
    assert_eq!(members["items"].as_array().unwrap().len(), 2);
    assert_eq!(ada.get(&format!("/api/v1/members/{}", ada.account_id)).await.status(), 200);

    assert_eq!(ada.delete(RESTRICTION).await.status(), 204);
    assert_eq!(put(&eve, &request).await.status(), 200);
}

/// Not mailed, not purged: what would happen of itself waits.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_mailed_or_purged_while_restricted_and_goes_on_afterwards() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let own = path_of(&ada.has_activity(&walk()).await);
    let soon = "2026-06-01T13:00:00Z";
    let link = json!({ "email_to": ["grandma@example.org"] });
    assert_eq!(ada.post(&format!("{own}/links"), &link).await.status(), 201);
    let ends = json!({ "expires_at": soon });
    assert_eq!(ada.post(&format!("{own}/links"), &ends).await.status(), 201);
    let until = json!({ "until": soon });
    assert_eq!(ada.post(&format!("{own}/publish"), &until).await.status(), 200);
    assert_eq!(restrict(&ada).await.status(), 200);

    let years = opentracks::privacy::retention::INACTIVE + TimeDelta::days(100);
    app.advance(years);
    app.run_jobs().await;
    assert!(app.mails("grandma@example.org").await.is_empty());
    assert!(app.mails(&ada.email).await.is_empty(), "nor is anybody warned");
    assert_eq!(count(&app, "commons.links").await, 2);
    let published = "(SELECT FROM vault.activities WHERE visibility = 'published')";
    assert_eq!(count(&app, published).await, 1);
    assert_eq!(count(&app, "identity.sessions").await, 1);
    // What they ask for themself is answered.
    let body = json!({ "email": ada.email });
    assert_eq!(app.anyone().post("/api/v1/auth/password/forgot", &body).await.status(), 202);
    assert_eq!(app.mails(&ada.email).await.len(), 1);

    let ada = app.sign_in(&ada.email, PASSWORD).await;
    assert_eq!(ada.delete(RESTRICTION).await.status(), 204);
    app.advance(TimeDelta::hours(1));
    app.run_jobs().await;
    assert_eq!(app.mails("grandma@example.org").await.len(), 1);
    assert_eq!(count(&app, "commons.links").await, 1);
    assert_eq!(count(&app, published).await, 0);
    assert_eq!(count(&app, "identity.sessions").await, 1, "the old one");
}

/// They may be what somebody needs as a proof.
#[tokio::test(flavor = "multi_thread")]
async fn neither_an_archive_nor_the_log_is_purged_while_restricted() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    export(&app, &ada).await;
    assert_eq!(restrict(&ada).await.status(), 200);
    // By the clock of the database no entry is a year old; one that is says so itself.
    let log = format!("(SELECT FROM vault.access_log WHERE account_id = '{}')", ada.account_id);
    let told = count(&app, &log).await;
    let age = "UPDATE vault.access_log SET at = at - INTERVAL '400 days'";
    let mut conn = connect(&app, "opentracks").await;
    conn.batch_execute(age).await.unwrap();
    app.advance(TimeDelta::days(8));
    app.run_jobs().await;
    assert_eq!(count(&app, "vault.archives").await, 1);
    assert_eq!(count(&app, &log).await, told);

    let ada = app.sign_in(&ada.email, PASSWORD).await;
    assert_eq!(ada.delete(RESTRICTION).await.status(), 204);
    app.advance(TimeDelta::hours(1));
    app.run_jobs().await;
    assert_eq!(count(&app, "vault.archives").await, 0);
    assert_eq!(count(&app, &log).await, 1, "that they signed in");
}

/// Whoever publishes comes before the restriction, and is hidden by it, or after it, and shows nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_shared_at_the_same_moment_is_hidden_too() {
    // What was made for others before waits to be stored, or has its turn first.
    for table in ["vault.tracks", "commons.renditions"] {
        let app = TestApp::start().await;
        let ada = app.member("Ada").await;
        let own = path_of(&ada.has_activity(&walk()).await);
        let (publish, body) = (format!("{own}/publish"), json!({}));
        let hold = Hold::on(&app, table).await;
        let restricts = async {
            waiting(&app, 1).await;
            if table == "vault.tracks" {
                assert_eq!(restrict(&ada).await.status(), 200);
                hold.release().await;
            } else {
                let release = async {
                    waiting(&app, 2).await;
                    hold.release().await;
                };
                let (restricted, ()) = tokio::join!(restrict(&ada), release);
                assert_eq!(restricted.status(), 200);
            }
        };
        let (published, ()) = tokio::join!(ada.post(&publish, &body), restricts);
        let status = published.status().as_u16();
        assert_eq!(status, if table == "vault.tracks" { 409 } else { 200 });
        refused(app.anyone().get(&own).await, 404).await;
        app.run_jobs().await;
        refused(app.anyone().get(&own).await, 404).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restriction_is_changed_only_so_often() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let mut changes = 0;
    while restrict(&ada).await.status() == 200 {
        changes += 1;
        assert!(changes <= 20);
    }
    refused(ada.delete(RESTRICTION).await, 429).await;
}

fn walk() -> Vec<u8> {
    northward_gpx(8.5, 47.3, 300)
}

async fn tile(app: &TestApp) -> Vec<u8> {
    app.anyone().get("/tiles/0/0/0.mvt").await.bytes().await.unwrap().to_vec()
}

async fn restrict(caller: &Caller<'_>) -> Response {
    caller.request(Method::PUT, RESTRICTION).send().await.unwrap()
}
