//! Communities: who gets in, what they may do there, and what is read through them.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::activities::path_of;
use crate::bad_input::refused;
use crate::harness::{Caller, TestApp, northward_gpx};

/// Makes a community, which must work; returns its path.
pub async fn community(maker: &Caller<'_>, name: &str, visibility: &str) -> String {
    let new = json!({ "name": name, "visibility": visibility });
    let answer = maker.post("/api/v1/communities", &new).await;
    assert_eq!(answer.status(), 201);
    let made: Value = answer.json().await.unwrap();
    format!("/api/v1/communities/{}", made["id"].as_str().unwrap())
}

/// Gets somebody into a community of `administrator`'s, as `role`.
pub async fn joins(who: &Caller<'_>, path: &str, administrator: &Caller<'_>, role: &str) {
    let asked = who.post(&format!("{path}/requests"), &json!({})).await;
    if asked.status() == 202 {
        let request = format!("{path}/requests/{}", who.account_id);
        assert_eq!(put(administrator, &request).await.status(), 200);
    }
    let answer = administrator.patch(&entry(path, who), &json!({ "role": role })).await;
    assert_eq!(answer.status(), 200, "{role}");
}

/// Uploads an activity and shares it with a community; returns its path.
pub async fn shares(who: &Caller<'_>, community: &str) -> String {
    let path = path_of(&who.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    assert_eq!(share(who, &path, community).await.status(), 200);
    path
}

pub async fn share(who: &Caller<'_>, activity: &str, community: &str) -> Response {
    let id = community.rsplit('/').next().unwrap();
    put(who, &format!("{activity}/communities/{id}")).await
}

pub async fn put(who: &Caller<'_>, path: &str) -> Response {
    who.request(Method::PUT, path).send().await.unwrap()
}

pub fn entry(path: &str, who: &Caller<'_>) -> String {
    format!("{path}/members/{}", who.account_id)
}

pub fn ban(path: &str, who: &Caller<'_>) -> String {
    format!("{path}/bans/{}", who.account_id)
}

pub async fn json_of(who: &Caller<'_>, path: &str) -> Value {
    let answer = who.get(path).await;
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.unwrap()
}

/// The names in a list of members.
pub async fn names(who: &Caller<'_>, path: &str) -> Vec<String> {
    let list = json_of(who, path).await;
    let name = |item: &Value| item["member"]["public_name"].as_str().unwrap().to_owned();
    list["items"].as_array().unwrap().iter().map(name).collect()
}

/// An answer to the last byte, but for when it was given and what it is called.
pub async fn print(answer: Response) -> String {
    let status = answer.status();
    let headers: BTreeSet<String> = answer
        .headers()
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    format!("{status} {headers:?} {}", answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_community_is_found_by_anyone_and_joined_at_once() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let new = json!({ "name": "Hill runners", "description": "Up.", "visibility": "public" });
    let answer = ada.post("/api/v1/communities", &new).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["etag"]),
        (201, &"\"1\"".parse().unwrap())
    );
    let made: Value = answer.json().await.unwrap();
    assert_eq!(made["role"], "administrator");
    let path = format!("/api/v1/communities/{}", made["id"].as_str().unwrap());

    for viewer in [app.anyone(), eve.clone()] {
        let answer = viewer.get(&path).await;
        assert_eq!(answer.headers()["cache-control"], "private, no-store");
        let seen: Value = answer.json().await.unwrap();
        let fields: Vec<&String> = seen.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["created_at", "description", "id", "name", "version", "visibility"]);
        assert_eq!((&seen["name"], &seen["description"]), (&new["name"], &new["description"]));
        assert_eq!(json_of(&viewer, "/api/v1/communities").await["items"], json!([seen]));
    }
    let requests = format!("{path}/requests");
    let joined: Value = eve.post(&requests, &json!({})).await.json().await.unwrap();
    let expected = json!({
        "member": { "id": eve.account_id, "public_name": "Eve" }, "role": "member", "joined_at": "2026-06-01",
    });
    assert_eq!(joined, expected);
    app.advance(TimeDelta::days(3));
    let again =
        app.sign_in(&eve.email, crate::harness::PASSWORD).await.post(&requests, &json!({})).await;
    assert_eq!(again.json::<Value>().await.unwrap(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_community_is_found_by_nobody_and_its_moderators_let_people_in() {
    let app = TestApp::start().await;
    let (ada, mia) = (app.member("Ada").await, app.member("Mia").await);
    let (eve, ben) = (app.member("Eve").await, app.member("Ben").await);
    let path = community(&ada, "Night walkers", "private").await;
    joins(&mia, &path, &ada, "moderator").await;
    for viewer in [app.anyone(), eve.clone(), ada.clone()] {
        assert_eq!(json_of(&viewer, "/api/v1/communities").await["items"], json!([]));
    }
    // Who knows its id asks, and until then reads what it is called and no more.
    assert_eq!(json_of(&eve, &path).await["name"], "Night walkers");
    refused(app.anyone().get(&path).await, 404).await;
    let requests = format!("{path}/requests");
    let mut asked = Vec::new();
    for who in [&eve, &eve, &ben] {
        let answer = who.post(&requests, &json!({})).await;
        assert_eq!(answer.status(), 202);
        asked.push(answer.json::<Value>().await.unwrap());
    }
    assert_eq!(asked[0], asked[1]);
    assert_eq!(asked[0]["asked_at"], "2026-06-01");
    refused(eve.get(&format!("{path}/members")).await, 403).await;
    assert_eq!(names(&mia, &requests).await, ["Ben", "Eve"]);
    // Let in, twice, and refused, and asked again.
    for _ in 0..2 {
        let let_in = put(&mia, &format!("{requests}/{}", eve.account_id)).await;
        assert_eq!(let_in.json::<Value>().await.unwrap()["role"], "member");
    }
    let of_ben = format!("{requests}/{}", ben.account_id);
    assert_eq!(mia.delete(&of_ben).await.status(), 204);
    refused(mia.delete(&of_ben).await, 404).await;
    refused(put(&mia, &of_ben).await, 404).await;
    assert_eq!(ben.post(&requests, &json!({})).await.status(), 202);
    // Taken back by who asked.
    assert_eq!(ben.delete(&of_ben).await.status(), 204);
    refused(ben.delete(&of_ben).await, 404).await;
    assert_eq!(names(&eve, &format!("{path}/members")).await, ["Ada", "Eve", "Mia"]);
    assert!(names(&ada, &requests).await.is_empty());
}

/// Each standing on each route: what the table in `access` says, as a client meets it.
#[tokio::test(flavor = "multi_thread")]
async fn each_standing_may_what_the_policy_says() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let people = ["Mia", "Eve", "Ask", "Out", "Ban", "Zoe"];
    let mut callers = Vec::new();
    for name in people {
        callers.push(app.member(name).await);
    }
    let [moderator, member, asked, stranger, banned, other] = &callers[..] else { panic!() };
    for visibility in ["public", "private"] {
        let path = community(&ada, "Table", visibility).await;
        // To wait, somebody has to have asked while it was private.
        let open = json!({ "visibility": visibility });
        assert_eq!(ada.patch(&path, &json!({ "visibility": "private" })).await.status(), 200);
        assert_eq!(asked.post(&format!("{path}/requests"), &json!({})).await.status(), 202);
        assert_eq!(ada.patch(&path, &open).await.status(), 200);
        joins(moderator, &path, &ada, "moderator").await;
        joins(member, &path, &ada, "member").await;
        assert_eq!(put(&ada, &ban(&path, banned)).await.status(), 204);
        let anyone = app.anyone();
        let seen = if visibility == "public" { 200 } else { 404 };
        for (who, see, inside, moderate, administer) in [
            (&anyone, seen, 401, 401, 401),
            (stranger, 200, 403, 403, 403),
            (asked, 200, 403, 403, 403),
            (member, 200, 200, 403, 403),
            (moderator, 200, 200, 200, 403),
            (banned, 404, 404, 404, 404),
        ] {
            let name =
                people[callers.iter().position(|caller| caller.token == who.token).unwrap_or(0)];
            let what = format!("{visibility} {name}");
            assert_eq!(who.get(&path).await.status(), see, "{what}");
            for child in ["members", "activities"] {
                assert_eq!(
                    who.get(&format!("{path}/{child}")).await.status(),
                    inside,
                    "{what} {child}"
                );
            }
            for child in ["requests", "bans"] {
                assert_eq!(
                    who.get(&format!("{path}/{child}")).await.status(),
                    moderate,
                    "{what} {child}"
                );
            }
            // What moderators may do, done to somebody who is nothing there: it is not there, or done.
            let done = |found: u16| if moderate == 200 { found } else { moderate };
            let request = format!("{path}/requests/{}", other.account_id);
            assert_eq!(put(who, &request).await.status(), done(404), "{what}");
            assert_eq!(who.delete(&request).await.status(), done(404), "{what}");
            assert_eq!(who.delete(&entry(&path, other)).await.status(), done(404), "{what}");
            assert_eq!(who.get(&ban(&path, other)).await.status(), done(404), "{what}");
            assert_eq!(put(who, &ban(&path, other)).await.status(), done(204), "{what}");
            assert_eq!(who.delete(&ban(&path, other)).await.status(), done(204), "{what}");
            let role = json!({ "role": "moderator" });
            assert_eq!(
                who.patch(&entry(&path, member), &role).await.status(),
                administer,
                "{what}"
            );
            assert_eq!(
                who.patch(&path, &json!({ "name": "Mine" })).await.status(),
                administer,
                "{what}"
            );
            assert_eq!(who.delete(&path).await.status(), administer, "{what}");
        }
        assert_eq!(stranger.delete(&entry(&path, stranger)).await.status(), 404);
        assert_eq!(json_of(&ada, &path).await["name"], "Table");
        assert_eq!(ada.delete(&path).await.status(), 204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_one_ends_the_membership_of_depends_on_what_both_are() {
    let app = TestApp::start().await;
    let (ada, bea) = (app.member("Ada").await, app.member("Bea").await);
    let (mia, max, eve) =
        (app.member("Mia").await, app.member("Max").await, app.member("Eve").await);
    let path = community(&ada, "Ranks", "public").await;
    for (who, role) in
        [(&bea, "administrator"), (&mia, "moderator"), (&max, "moderator"), (&eve, "member")]
    {
        joins(who, &path, &ada, role).await;
    }
    for above in [&ada, &bea, &max] {
        refused(mia.delete(&entry(&path, above)).await, 403).await;
        refused(put(&mia, &ban(&path, above)).await, 403).await;
    }
    for who in [&ada, &mia] {
        let problem = refused(put(who, &ban(&path, who)).await, 422).await;
        assert_eq!(problem["errors"][0]["field"], "member");
    }
    assert_eq!(mia.delete(&entry(&path, &eve)).await.status(), 204);
    refused(mia.delete(&entry(&path, &eve)).await, 404).await;
    assert_eq!(ada.delete(&entry(&path, &max)).await.status(), 204);
    assert_eq!(put(&ada, &ban(&path, &bea)).await.status(), 204);
    // Whoever is the last to administer it does not step down without another.
    let step_down = json!({ "role": "member" });
    let problem = refused(ada.patch(&entry(&path, &ada), &step_down).await, 409).await;
    assert_eq!(problem["type"], "/problems/last-administrator");
    let raise = json!({ "role": "administrator" });
    assert_eq!(ada.patch(&entry(&path, &mia), &raise).await.status(), 200);
    assert_eq!(ada.patch(&entry(&path, &ada), &step_down).await.status(), 200);
    refused(ada.patch(&path, &json!({ "name": "Mine" })).await, 403).await;
    assert_eq!(names(&ada, &format!("{path}/members")).await, ["Ada", "Mia"]);
    refused(mia.patch(&entry(&path, &eve), &raise).await, 404).await;
    refused(mia.patch(&entry(&path, &ada), &json!({ "role": "owner" })).await, 422).await;
}

/// For who is kept out, the community is not there: to the last byte, whatever they ask for.
#[tokio::test(flavor = "multi_thread")]
async fn a_ban_looks_like_a_community_that_never_was() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let unused = format!("/api/v1/communities/{}", Uuid::new_v4());
    let activity = path_of(&eve.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    for visibility in ["public", "private"] {
        let path = community(&ada, "Closed", visibility).await;
        joins(&eve, &path, &ada, "administrator").await;
        assert_eq!(put(&ada, &ban(&path, &eve)).await.status(), 204);
        let own = &eve.account_id;
        let nothing = json!({});
        let (name, role) = (json!({ "name": "Mine" }), json!({ "role": "member" }));
        for (method, child, body) in [
            (Method::GET, String::new(), None),
            (Method::PATCH, String::new(), Some(&name)),
            (Method::DELETE, String::new(), None),
            (Method::GET, "/members".to_owned(), None),
            (Method::GET, "/activities".to_owned(), None),
            (Method::GET, "/requests".to_owned(), None),
            (Method::GET, "/bans".to_owned(), None),
            (Method::POST, "/requests".to_owned(), Some(&nothing)),
            (Method::PUT, format!("/requests/{own}"), None),
            (Method::DELETE, format!("/requests/{own}"), None),
            (Method::PATCH, format!("/members/{own}"), Some(&role)),
            (Method::DELETE, format!("/members/{own}"), None),
            (Method::DELETE, format!("/members/{}", ada.account_id), None),
            (Method::GET, format!("/bans/{own}"), None),
            (Method::PUT, format!("/bans/{own}"), None),
            (Method::DELETE, format!("/bans/{own}"), None),
        ] {
            let ask = async |path: &str| {
                let request = eve.request(method.clone(), &format!("{path}{child}"));
                let request = body.map_or(request.try_clone().unwrap(), |body| request.json(body));
                // A tag tells nothing either.
                print(request.header("If-Match", "\"9\"").send().await.unwrap()).await
            };
            let absent = ask(&unused).await;
            assert!(absent.starts_with("404 "), "{absent}");
            assert_eq!(ask(&path).await, absent, "{visibility} {method} {child}");
        }
        let [hidden, absent] =
            [share(&eve, &activity, &path).await, share(&eve, &activity, &unused).await];
        assert_eq!(print(hidden).await, print(absent).await);
        for list in ["/api/v1/communities", "/api/v1/communities?mine=true"] {
            assert_eq!(json_of(&eve, list).await["items"], json!([]), "{list}");
        }
        // And once it ends, they may ask again.
        assert_eq!(names(&ada, &format!("{path}/bans")).await, ["Eve"]);
        assert_eq!(json_of(&ada, &ban(&path, &eve)).await["banned_at"], "2026-06-01");
        assert_eq!(ada.delete(&ban(&path, &eve)).await.status(), 204);
        assert_eq!(ada.delete(&ban(&path, &eve)).await.status(), 204);
        let asked = eve.post(&format!("{path}/requests"), &json!({})).await.status().as_u16();
        assert_eq!(asked, if visibility == "public" { 200 } else { 202 });
        assert_eq!(ada.delete(&path).await.status(), 204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_of_the_version_that_was_read() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = community(&ada, "Old", "public").await;
    let edit = async |tag: &str, change: Value| {
        let request = ada.request(Method::PATCH, &path).header("If-Match", tag);
        request.json(&change).send().await.unwrap()
    };
    let described = edit("\"1\"", json!({ "description": "About." })).await;
    assert_eq!(described.headers()["etag"], "\"2\"");
    refused(edit("\"1\"", json!({ "name": "Newer" })).await, 412).await;
    let changed: Value = edit("\"2\"", json!({ "name": "New", "visibility": "private" }))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("New"), &json!("About.")));
    let cleared: Value =
        ada.patch(&path, &json!({ "description": null })).await.json().await.unwrap();
    assert_eq!((&cleared["description"], &cleared["version"]), (&Value::Null, &json!(4)));
    let delete = |tag: &str| ada.request(Method::DELETE, &path).header("If-Match", tag).send();
    refused(delete("\"3\"").await.unwrap(), 412).await;
    assert_eq!(delete("\"4\"").await.unwrap().status(), 204);
    refused(ada.get(&path).await, 404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_fit_is_told_by_its_field() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = community(&ada, "Fit", "public").await;
    for (field, change) in [
        ("name", json!({ "name": "" })),
        ("name", json!({ "name": "é".repeat(81) })),
        ("name", json!({ "name": "two\nlines" })),
        ("description", json!({ "description": "x".repeat(10_001) })),
        ("visibility", json!({ "visibility": "secret" })),
        ("owner", json!({ "owner": ada.account_id })),
    ] {
        let problem = refused(ada.patch(&path, &change).await, 422).await;
        assert_eq!(problem["errors"][0]["field"], field);
        let mut new = json!({ "name": "Fit", "visibility": "public" });
        new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        refused(ada.post("/api/v1/communities", &new).await, 422).await;
    }
    for query in ["?cursor=x", "?cursor=AAAA", "?limit=0", "?limit=101"] {
        for list in ["", "/members", "/activities", "/requests", "/bans"] {
            let path = if list.is_empty() { "/api/v1/communities" } else { &path };
            refused(ada.get(&format!("{path}{list}{query}")).await, 422).await;
        }
    }
    refused(ada.get("/api/v1/communities?mine=perhaps").await, 400).await;
    refused(app.anyone().get("/api/v1/communities?mine=true").await, 401).await;
    refused(ada.get("/api/v1/communities/1").await, 404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_call_with_a_key_makes_one_community() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let new = json!({ "name": "Once", "visibility": "public" });
    let make = async |who: &Caller<'_>| {
        let request =
            who.request(Method::POST, "/api/v1/communities").header("Idempotency-Key", "k");
        let answer = request.json(&new).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json::<Value>().await.unwrap()
    };
    let first = make(&ada).await;
    assert_eq!(make(&ada).await, first);
    assert_ne!(make(&eve).await["id"], first["id"]);
    let own = json_of(&ada, "/api/v1/communities?mine=true").await;
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_go_by_name_without_gap_or_repetition() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    for name in ["Cliffs", "Brooks", "Alps", "Brooks", "Élan"] {
        community(&ada, name, "public").await;
    }
    let secret = community(&eve, "Secret", "private").await;
    let listed = async |who: &Caller<'_>, list: &str, limit: usize| {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = json_of(who, &format!("{list}limit={limit}{cursor}")).await;
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= limit);
            found.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { return found };
            cursor = format!("&cursor={next}");
        }
    };
    let all = listed(&app.anyone(), "/api/v1/communities?", 100).await;
    assert_eq!(all.len(), 5);
    for limit in 1..=5 {
        assert_eq!(listed(&eve, "/api/v1/communities?", limit).await, all);
        assert_eq!(listed(&ada, "/api/v1/communities?mine=true&", limit).await, all);
    }
    let own = listed(&eve, "/api/v1/communities?mine=true&", 1).await;
    assert_eq!(own, [secret.rsplit('/').next().unwrap()]);
    for (name, role) in [("Ben", "member"), ("Cid", "member"), ("Dan", "moderator")] {
        joins(&app.member(name).await, &secret, &eve, role).await;
    }
    let first = json_of(&eve, &format!("{secret}/members?limit=3")).await;
    let next = first["next_cursor"].as_str().unwrap();
    let rest = json_of(&eve, &format!("{secret}/members?limit=3&cursor={next}")).await;
    assert_eq!(rest["items"][0]["member"]["public_name"], "Eve");
    assert_eq!(rest["next_cursor"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_hands_over_and_the_last_member_ends_it() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = community(&ada, "Relay", "public").await;
    let mut others = Vec::new();
    // The moderator who came first is not the member who did.
    for (name, role) in [("Eve", "member"), ("Mia", "moderator"), ("Max", "moderator")] {
        app.advance(TimeDelta::minutes(1));
        let other = app.member(name).await;
        joins(&other, &path, &ada, role).await;
        others.push(other);
    }
    let [eve, mia, max] = &others[..] else { panic!() };
    let administrators = async |who: &Caller<'_>| {
        let members = json_of(who, &format!("{path}/members")).await;
        let members = members["items"].as_array().unwrap().clone();
        let administers = |item: &Value| item["role"] == "administrator";
        let name = |item: &Value| item["member"]["public_name"].as_str().unwrap().to_owned();
        members.iter().filter(|item| administers(item)).map(name).collect::<Vec<_>>()
    };
    assert_eq!(ada.delete(&entry(&path, &ada)).await.status(), 204);
    refused(ada.delete(&entry(&path, &ada)).await, 404).await;
    assert_eq!(administrators(eve).await, ["Mia"]);
    let raise = json!({ "role": "administrator" });
    assert_eq!(mia.patch(&entry(&path, max), &raise).await.status(), 200);
    // With another administrator left there is nothing to hand over.
    assert_eq!(mia.delete(&entry(&path, mia)).await.status(), 204);
    assert_eq!(administrators(eve).await, ["Max"]);
    assert_eq!(max.delete(&entry(&path, max)).await.status(), 204);
    assert_eq!(administrators(eve).await, ["Eve"]);
    let activity = shares(eve, &path).await;
    assert_eq!(eve.delete(&entry(&path, eve)).await.status(), 204);
    refused(app.anyone().get(&path).await, 404).await;
    assert_eq!(json_of(eve, &activity).await["visibility"], "private");
}

/// However a membership ends, nobody reads anything by it from the answer on.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_shared_goes_with_the_membership() {
    for ending in ["leave", "removal", "ban", "deletion"] {
        let app = TestApp::start().await;
        let (ada, eve, ben) =
            (app.member("Ada").await, app.member("Eve").await, app.member("Ben").await);
        let path = community(&ada, "Trail", "private").await;
        let other = community(&ada, "Other", "public").await;
        for who in [&eve, &ben] {
            joins(who, &path, &ada, "member").await;
        }
        joins(&eve, &other, &ada, "member").await;
        let (own, fellows) = (shares(&eve, &path).await, shares(&ben, &path).await);
        // Ways that do not go by the community stay.
        let (twice, linked) = (shares(&eve, &path).await, shares(&eve, &path).await);
        let published = shares(&eve, &path).await;
        assert_eq!(share(&eve, &twice, &other).await.status(), 200);
        let link = eve.post(&format!("{linked}/links"), &json!({})).await;
        let link: Value = link.json().await.unwrap();
        assert_eq!(eve.post(&format!("{published}/publish"), &json!({})).await.status(), 200);
        for (reader, activity) in [(&ben, &own), (&eve, &fellows), (&ada, &own), (&ben, &linked)] {
            assert_eq!(json_of(reader, activity).await["visibility"], "community");
            assert_eq!(reader.get(&format!("{activity}/track.gpx")).await.status(), 200);
        }
        let before = json_of(&eve, &own).await["version"].as_i64().unwrap();
        let (end, by) = match ending {
            "leave" => (eve.delete(&entry(&path, &eve)).await, &eve),
            "removal" => (ada.delete(&entry(&path, &eve)).await, &ada),
            "ban" => (put(&ada, &ban(&path, &eve)).await, &ada),
            _ => (ada.delete(&path).await, &ada),
        };
        assert_eq!(end.status(), 204, "{ending} by {}", by.email);
        for child in crate::sharing::CHILDREN {
            let unused = format!("/api/v1/activities/{}{child}", Uuid::new_v4());
            for (reader, activity) in
                [(&ben, &own), (&ada, &own), (&eve, &fellows), (&ben, &linked)]
            {
                let gone = print(reader.get(&format!("{activity}{child}")).await).await;
                assert_eq!(gone, print(reader.get(&unused).await).await, "{ending} {child}");
            }
        }
        let mine = json_of(&eve, &own).await;
        assert_eq!(
            (&mine["visibility"], &mine["sharing"]["shown"]),
            (&json!("private"), &json!(false))
        );
        assert_eq!(mine["version"], before + 1);
        assert_eq!(json_of(&eve, &format!("{own}/communities")).await["items"], json!([]));
        assert_eq!(json_of(&eve, &linked).await["visibility"], "link");
        let shared = format!("/api/v1/shared/{}", link["token"].as_str().unwrap());
        assert_eq!(app.anyone().get(&shared).await.status(), 200);
        assert_eq!(json_of(&ada, &twice).await["visibility"], "community");
        refused(ben.get(&twice).await, 404).await;
        assert_eq!(json_of(&app.anyone(), &published).await["visibility"], "published");
        // Coming back brings nothing back.
        if ending == "leave" {
            joins(&eve, &path, &ada, "member").await;
            refused(ben.get(&own).await, 404).await;
            assert_eq!(json_of(&eve, &fellows).await["visibility"], "community");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_goes_by_day_and_only_to_members() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let path = community(&ada, "Feed", "private").await;
    joins(&eve, &path, &ada, "member").await;
    let (mut expected, feed) = (Vec::new(), format!("{path}/activities"));
    for day in ["28", "30", "29"] {
        let gpx = String::from_utf8(northward_gpx(8.5, 47.3, 300)).unwrap();
        let gpx = gpx.replace("2026-05-30T", &format!("2026-05-{day}T"));
        let activity = path_of(&ada.has_activity(gpx.as_bytes()).await);
        assert_eq!(share(&ada, &activity, &path).await.status(), 200);
        expected.push((format!("2026-05-{day}"), activity));
    }
    let line: Vec<[f64; 2]> = (0..100).map(|step| [8.5, 47.3 + f64::from(step) / 1e3]).collect();
    let plan = json!({
        "kind": "planned", "title": "Plan", "track": { "type": "LineString", "coordinates": line },
    });
    let plan: Value = eve.post("/api/v1/activities", &plan).await.json().await.unwrap();
    assert_eq!(share(&eve, &path_of(&plan), &path).await.status(), 200);
    ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    expected.sort_by(|one, other| other.cmp(one));
    let mut expected: Vec<String> = expected.into_iter().map(|(_, activity)| activity).collect();
    assert_eq!(ada.post(&format!("{}/publish", expected[1]), &json!({})).await.status(), 200);
    // What has no day comes last.
    expected.push(path_of(&plan));
    for limit in 1..=4 {
        let (mut found, mut levels, mut cursor) = (Vec::new(), Vec::new(), String::new());
        loop {
            let page = json_of(&eve, &format!("{feed}?limit={limit}{cursor}")).await;
            for item in page["items"].as_array().unwrap() {
                assert_eq!(item.get("started_at"), None);
                found.push(path_of(item));
                levels.push(item["visibility"].as_str().unwrap().to_owned());
            }
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found, expected, "{limit}");
        assert_eq!(levels, ["community", "published", "community", "community"]);
    }
    let first = json_of(&eve, &format!("{feed}?limit=2")).await;
    let next = first["next_cursor"].as_str().unwrap();
    // What goes meanwhile shifts nothing.
    assert_eq!(ada.delete(&expected[0]).await.status(), 204);
    let rest = json_of(&eve, &format!("{feed}?limit=2&cursor={next}")).await;
    let rest: Vec<String> = rest["items"].as_array().unwrap().iter().map(path_of).collect();
    assert_eq!(rest, expected[2..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_in_a_hundred_communities_at_most_and_makes_them_slowly() {
    let app = TestApp::start().await;
    let (mut ada, mut eve) = (app.member("Ada").await, app.member("Eve").await);
    let new = json!({ "name": "Many", "visibility": "private" });
    let mut last = String::new();
    for _ in 0..5 {
        for _ in 0..20 {
            last = community(&ada, "Many", "private").await;
        }
        let throttled = ada.post("/api/v1/communities", &new).await;
        assert_eq!(throttled.headers()["retry-after"], "600");
        refused(throttled, 429).await;
        app.advance(TimeDelta::minutes(200));
        ada = app.sign_in(&ada.email, crate::harness::PASSWORD).await;
        eve = app.sign_in(&eve.email, crate::harness::PASSWORD).await;
    }
    let problem = refused(ada.post("/api/v1/communities", &new).await, 422).await;
    assert_eq!(problem["errors"][0]["field"], "communities");
    let other = community(&eve, "One more", "private").await;
    refused(ada.post(&format!("{other}/requests"), &json!({})).await, 422).await;
    // Where they wait counts too, and one that ends makes room.
    assert_eq!(ada.delete(&last).await.status(), 204);
    assert_eq!(ada.post(&format!("{other}/requests"), &json!({})).await.status(), 202);
    refused(ada.post("/api/v1/communities", &new).await, 422).await;
    assert_eq!(put(&eve, &format!("{other}/requests/{}", ada.account_id)).await.status(), 200);
}

/// Whoever shares with a community where members are let in knows who reads it.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_shared_before_anyone_could_join_is_taken_back() {
    let app = TestApp::start().await;
    let (ada, bea, leaver) =
        (app.member("Ada").await, app.member("Bea").await, app.member("Leaver").await);
    let path = community(&ada, "Quiet", "private").await;
    for who in [&bea, &leaver] {
        joins(who, &path, &ada, "member").await;
    }
    let of_bea = shares(&bea, &path).await;
    shares(&leaver, &path).await;
    assert_eq!(leaver.leave(&json!({})).await.status(), 202);
    app.finish_leaving().await;
    let feed = format!("{path}/activities");
    let shared = async || json_of(&ada, &feed).await["items"].as_array().unwrap().len();
    assert_eq!(shared().await, 2);
    for (change, left) in [("private", 2), ("public", 0), ("public", 0)] {
        let change = json!({ "visibility": change });
        assert_eq!(ada.patch(&path, &change).await.status(), 200);
        assert_eq!(shared().await, left);
    }
    assert_eq!(json_of(&bea, &of_bea).await["visibility"], "private");
    // What is shared from then on is shared with whoever joins.
    assert_eq!(share(&bea, &of_bea, &path).await.status(), 200);
    assert_eq!(shared().await, 1);
    assert_eq!(ada.patch(&path, &json!({ "visibility": "private" })).await.status(), 200);
    assert_eq!(shared().await, 1);
}
